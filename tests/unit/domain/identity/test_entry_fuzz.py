"""The entry decoder on bytes that anybody may have written: an entry of ours, or the one error that it may raise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import CorruptEntryError
from foreseen.domain.identity.entry import (
    FORMAT_VERSION,
    MAGIC,
    OVERHEAD,
    WITH_NULLS,
    Entry,
    EntryFormat,
    Header,
    read_header,
)
from foreseen.domain.identity.key import Key
from support.example_counts import examples
from support.mutated_bytes import mutated

UINT64 = st.integers(0, 2**64 - 1)
BODIES = st.binary(max_size=60) | st.binary(max_size=40).map(lambda body: body + b"null")
ENTRIES = st.builds(Entry, BODIES, UINT64, UINT64, st.just(b""))
KEYS = st.binary(min_size=16, max_size=40).map(Key)
SECRETS = st.sampled_from([b"", b"hush", b"h" * 65])
VERSIONS = st.sampled_from([FORMAT_VERSION, WITH_NULLS])
NEARLY_OURS = st.builds(lambda version, rest: MAGIC + bytes([version]) + rest, VERSIONS, st.binary(max_size=60))


def read(entry_format: EntryFormat, key: Key, blob: bytes) -> Entry | None:
    """Read, None where that is rejected; whatever else is raised fails the test."""
    try:
        return entry_format.unseal(key, blob)
    except CorruptEntryError:
        return None


@settings(max_examples=examples(125), deadline=None)
@given(KEYS, SECRETS, st.binary(max_size=80) | NEARLY_OURS)
def test_random_bytes_are_rejected(key: Key, secret: bytes, blob: bytes) -> None:
    assert read(EntryFormat(secret), key, blob) is None


@settings(max_examples=examples(125), deadline=None)
@given(st.binary(max_size=80) | NEARLY_OURS)
def test_a_header_is_read_only_of_what_begins_as_ours(blob: bytes) -> None:
    begins_as_ours = len(blob) >= OVERHEAD and blob[:3] == MAGIC and blob[3] in (FORMAT_VERSION, WITH_NULLS)

    assert isinstance(read_header(blob), Header) == begins_as_ours


@settings(max_examples=examples(125), deadline=None)
@given(KEYS, SECRETS, ENTRIES, ENTRIES, st.data())
def test_a_changed_entry_is_rejected(key: Key, secret: bytes, entry: Entry, other: Entry, data: st.DataObject) -> None:
    entry_format = EntryFormat(secret)
    blob = entry_format.seal(key, entry)

    changed = data.draw(mutated(blob, foreign=entry_format.seal(key, other)))

    known = {blob: entry, entry_format.seal(key, other): other}
    assert read(entry_format, key, changed) == known.get(changed)


@settings(max_examples=examples(75), deadline=None)
@given(KEYS, KEYS, SECRETS, SECRETS, ENTRIES)
def test_only_the_same_key_and_secret_read_it(key: Key, asked: Key, secret: bytes, ours: bytes, entry: Entry) -> None:
    is_the_same = (key, secret) == (asked, ours)

    assert read(EntryFormat(ours), asked, EntryFormat(secret).seal(key, entry)) == (entry if is_the_same else None)
