"""Lifetimes: a TTL, spread by key, counted from when the model answered."""

from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.example_counts import examples

MADE_US = 1_700_000_000_000_000
ENTRY = Entry(b"1", MADE_US, 0)


def lived_s(key: bytes, ttl_s: float = 100.0, **jitter: float) -> float:
    return (Lifetime(ttl_s, **jitter).ends_at_us(Key(key), ENTRY) - MADE_US) / 1e6


@settings(max_examples=examples(66), deadline=None)
@given(st.binary(max_size=80))
def test_every_key_lives_for_its_ttl_within_ten_percent(key: bytes) -> None:
    assert 90 <= lived_s(key) <= 110


def test_keys_spread_over_the_whole_of_it() -> None:
    lives = [lived_s(b"n" * 16 + bytes([first, second])) for first in range(16) for second in range(64)]

    assert len(set(lives)) == len(lives)
    assert min(lives) < 91
    assert max(lives) > 109
    assert 99 < sum(lives) / len(lives) < 101


def test_a_key_lives_as_long_in_every_process() -> None:
    """Replicas must agree, so no random seed may enter: the CRC of the key says where in the spread it is."""
    assert crc32(b"123456789") == 0xCBF43926
    assert lived_s(b"123456789") == pytest.approx(90 + 20 * 0xCBF43926 / 0xFFFFFFFF, abs=1e-5)


def test_without_jitter_every_key_lives_for_its_ttl() -> None:
    assert {lived_s(bytes([key]), jitter=0.0) for key in range(50)} == {100.0}


def test_life_begins_when_the_model_answered() -> None:
    lifetime, key = Lifetime(100.0), Key(b"k")
    older = Entry(b"1", MADE_US - 5, 0)

    assert lifetime.ends_at_us(key, ENTRY) - lifetime.ends_at_us(key, older) == 5


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=80), st.sampled_from([0.0, 0.1, 0.5]), st.integers(-3, 3), st.sampled_from([0.89, 0.9, 0.97]))
def test_an_entry_expires_exactly_at_its_end(key: bytes, jitter: float, beside_us: int, share: float) -> None:
    lifetime = Lifetime(100.0, jitter=jitter)
    ends_us = lifetime.ends_at_us(Key(key), ENTRY)
    least_us = MADE_US + round(100e6 * (1 - jitter))

    for now_us in (ends_us + beside_us, ends_us + beside_us + 0.5, least_us + beside_us, MADE_US + share * 100e6):
        assert lifetime.is_over(Key(key), ENTRY, now_us) == (ends_us <= now_us)


def test_a_purge_expires_all_earlier_entries_for_good() -> None:
    lifetime = Lifetime(100.0)
    later = Entry(b"1", MADE_US + 1, 0)
    lifetime.forget_until(MADE_US)
    lifetime.forget_until(MADE_US - 5)

    assert lifetime.is_over(Key(b"n" * 16), ENTRY, MADE_US)
    assert lifetime.ends_at_us(Key(b"n" * 16), ENTRY) == 0
    assert not lifetime.is_over(Key(b"n" * 16), later, MADE_US + 1)
