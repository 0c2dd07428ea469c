"""Entries on the wire: what is read back is what was written under that key, or nothing."""

import struct
from hashlib import blake2b

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import CorruptEntryError, Corruption
from foreseen.domain.identity.entry import (
    FORMAT_VERSION,
    MAGIC,
    MAX_SIZE,
    OVERHEAD,
    WITH_NULLS,
    Entry,
    EntryFormat,
    Header,
    read_answer,
    read_header,
)
from foreseen.domain.identity.key import Key
from foreseen.domain.values.null_kinds import NULL
from support.example_counts import examples

UINT64 = st.integers(0, 2**64 - 1)
NONE = st.just(b"")
WITHOUT_NULLS = st.builds(Entry, st.binary(max_size=100).filter(lambda body: NULL not in body), UINT64, UINT64, NONE)
KINDS = st.text("n+-0", max_size=9).map(str.encode)
HELD_NULLS = st.builds(
    lambda start, end, *rest: Entry(start + NULL + end, *rest), st.binary(max_size=40), st.binary(max_size=40), UINT64,
    UINT64, KINDS,
)  # fmt: skip
ENTRIES = WITHOUT_NULLS | HELD_NULLS
KEYS = st.binary(min_size=16, max_size=80).map(Key)
SECRETS = st.sampled_from([b"", b"hush", b"h" * 64, b"h" * 65, b"h" * 1000])

KEY = Key(b"n" * 16 + b"row")
ENTRY = Entry(b'{"prediction":"0"}', 1_700_000_000_000_000, 1234)
WITH_NULL = Entry(b'{"prediction":null}', 1_700_000_000_000_000, 1234, b"+")


def sealed(payload: bytes) -> bytes:
    """Seal what may be no entry under KEY, as anybody can without a secret."""
    seal = blake2b(struct.pack("<I", len(KEY)) + KEY + payload, digest_size=16, person=b"foreseen-entry")
    return payload + seal.digest()


BOTH = pytest.mark.parametrize("entry", [ENTRY, WITH_NULL], ids=["plain", "null"])


@settings(max_examples=examples(66), deadline=None)
@given(KEYS, ENTRIES, SECRETS)
def test_a_sealed_entry_is_read_back(key: Key, entry: Entry, secret: bytes) -> None:
    blob = EntryFormat(secret).seal(key, entry)

    assert EntryFormat(secret).unseal(key, blob) == entry
    assert len(blob) == OVERHEAD + len(entry.body) + (4 + len(entry.nulls) if NULL in entry.body else 0)
    assert read_header(blob) == Header(entry.created_at_us, entry.cost_us)


@BOTH
@pytest.mark.parametrize("secret", [b"", b"hush"])
def test_no_flipped_bit_goes_unseen(secret: bytes, entry: Entry) -> None:
    entry_format = EntryFormat(secret)
    blob = entry_format.seal(KEY, entry)

    for bit in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptEntryError):
            entry_format.unseal(KEY, bytes(changed))


@settings(max_examples=examples(66), deadline=None)
@given(KEYS, ENTRIES, SECRETS, st.data())
def test_no_changed_byte_goes_unseen(key: Key, entry: Entry, secret: bytes, data: st.DataObject) -> None:
    entry_format = EntryFormat(secret)
    blob = bytearray(entry_format.seal(key, entry))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(CorruptEntryError):
        entry_format.unseal(key, bytes(blob))


@BOTH
def test_no_truncation_goes_unseen(entry: Entry) -> None:
    blob = EntryFormat().seal(KEY, entry)

    for size in range(len(blob)):
        for part in (blob[:size], blob[-size:] if size else b""):
            with pytest.raises(CorruptEntryError):
                EntryFormat().unseal(KEY, part)


@settings(max_examples=examples(50), deadline=None)
@given(st.binary(min_size=1, max_size=50))
def test_no_extension_goes_unseen(more: bytes) -> None:
    blob = EntryFormat().seal(KEY, ENTRY)

    for changed in (blob + more, more + blob, blob[:-16] + more + blob[-16:]):
        with pytest.raises(CorruptEntryError):
            EntryFormat().unseal(KEY, changed)


@settings(max_examples=examples(50), deadline=None)
@given(KEYS, KEYS, ENTRIES)
def test_an_entry_of_another_key_is_rejected(key: Key, other: Key, entry: Entry) -> None:
    if key == other:
        other = Key(other + b"x")

    with pytest.raises(CorruptEntryError, match="seal"):
        EntryFormat().unseal(other, EntryFormat().seal(key, entry))


def test_bytes_cannot_move_from_an_entry_into_its_key() -> None:
    """Key and payload are sealed one after the other; were the key's length not sealed, the two would be one."""
    header = struct.pack("<3sBQQ", MAGIC, FORMAT_VERSION, 1, 2)
    blob = EntryFormat().seal(KEY, Entry(header + b'{"prediction":"1"}', 3, 4))

    with pytest.raises(CorruptEntryError, match="seal"):
        EntryFormat().unseal(Key(KEY + blob[: len(header)]), blob[len(header) :])


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"", b"hush"), (b"hush", b""), (b"hush", b"hush2"), (b"h" * 64, b"h" * 65), (b"h" * 65, b"h" * 66)],
)
def test_an_entry_of_another_secret_is_rejected(written: bytes, read: bytes) -> None:
    with pytest.raises(CorruptEntryError, match="seal"):
        EntryFormat(read).unseal(KEY, EntryFormat(written).seal(KEY, ENTRY))


@pytest.mark.parametrize("version", set(range(256)) - {FORMAT_VERSION, WITH_NULLS})
def test_an_entry_of_another_version_is_rejected(version: int) -> None:
    blob = EntryFormat().seal(KEY, ENTRY)
    other = MAGIC + bytes([version]) + blob[4:]

    with pytest.raises(CorruptEntryError, match=f"got {version}"):
        EntryFormat().unseal(KEY, other)
    assert read_header(other) is None


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"fsn\x01" + tail))
@example(b"")
@example(struct.pack("<3sBQQ", b"fsn", 1, 0, 0) + bytes(16))
def test_arbitrary_bytes_are_never_an_entry(blob: bytes) -> None:
    with pytest.raises(CorruptEntryError):
        EntryFormat(b"hush").unseal(KEY, blob)


@pytest.mark.parametrize(
    ("blob", "what"),
    [
        (b"", Corruption.FOREIGN),
        (b'{"prediction":"0"}' * 10, Corruption.FOREIGN),
        (MAGIC + bytes([WITH_NULLS + 1]) + bytes(OVERHEAD), Corruption.VERSION),
        (EntryFormat(b"other").seal(KEY, ENTRY), Corruption.SEAL),
        (EntryFormat(b"hush").seal(KEY, ENTRY) + b" ", Corruption.SEAL),
        (EntryFormat(b"hush").seal(KEY, ENTRY._replace(body=bytes(MAX_SIZE))), Corruption.SIZE),
        (MAGIC + bytes([FORMAT_VERSION - 1]) + bytes(OVERHEAD), Corruption.VERSION),
    ],
    ids=["empty", "json", "newer", "forged", "longer", "too large", "older"],
)
def test_the_error_names_the_corruption(blob: bytes, what: Corruption) -> None:
    with pytest.raises(CorruptEntryError) as raised:
        EntryFormat(b"hush").unseal(KEY, blob)

    assert raised.value.what is what


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.tuples(KEYS, ENTRIES), min_size=2, max_size=5), SECRETS)
def test_a_reused_format_seals_like_a_new_one(pairs: list[tuple[Key, Entry]], secret: bytes) -> None:
    used = EntryFormat(secret)

    assert [used.seal(*pair) for pair in pairs] == [EntryFormat(secret).seal(*pair) for pair in pairs]


@pytest.mark.parametrize("name", ["body", "created_at_us", "cost_us", "nulls"])
def test_an_entry_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(ENTRY, name, 0)


@pytest.mark.parametrize("blob", [b"", b"fsn\x01", b"x" * 100, b"fsn\x03" + bytes(100)])
def test_the_header_of_what_is_no_entry_is_none(blob: bytes) -> None:
    assert read_header(blob) is None


@BOTH
def test_the_answer_of_a_stored_entry_is_shown_as_far_as_it_was_read(entry: Entry) -> None:
    blob = EntryFormat().seal(KEY, entry)

    assert read_answer(blob, len(blob)) == entry.body
    shown = [read_answer(blob[:length], len(blob)) for length in range(OVERHEAD, len(blob))]
    assert all(entry.body.startswith(part) for part in shown[4:])


def test_an_answer_with_a_null_of_the_first_format_is_not_served() -> None:
    """It does not say whether the null was NaN, infinite or nothing."""
    payload = struct.pack("<3sBQQ", MAGIC, FORMAT_VERSION, 3, 4) + b'{"prediction":null}'

    with pytest.raises(CorruptEntryError, match="format 2") as raised:
        EntryFormat().unseal(KEY, sealed(payload))
    assert raised.value.what is Corruption.VERSION


@pytest.mark.parametrize("rest", [b"", b"\0\0", b"\x01\0\0\0", b"\xff\xff\xff\xffnull"])
def test_a_length_beyond_the_entry_is_rejected_even_if_sealed(rest: bytes) -> None:
    """Without a secret, anybody can seal."""
    payload = struct.pack("<3sBQQ", MAGIC, WITH_NULLS, 3, 4) + rest

    with pytest.raises(CorruptEntryError) as raised:
        EntryFormat().unseal(KEY, sealed(payload))
    assert raised.value.what is Corruption.FOREIGN
