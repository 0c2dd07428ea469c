"""Entry: a finished prediction as the bytes that are sent, with its age and what it cost; and its form on the wire.

magic "fsn" ‖ version, 1 byte ‖ created-at, µs since 1970, uint64 ‖ cost, µs, uint64 ‖ the JSON bytes ‖ 16 bytes that
seal them. All little-endian. An entry with a null is of version 2, which has the length of the JSON, uint32, before it,
and what its nulls stand for after it. docs/adr/0004 and 0058 give the reasons, tests/unit/domain/identity/golden the
bytes.
"""

import struct
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

from foreseen.domain.errors import CorruptEntryError, Corruption
from foreseen.domain.identity.key import Key
from foreseen.domain.values.null_kinds import NULL

MAGIC: Final = b"fsn"
FORMAT_VERSION: Final = 1
WITH_NULLS: Final = 2
"""The format of entries with a null. Those of format 1 do not say what it stands for, and are not served any more."""

_HEADER: Final = struct.Struct("<3sBQQ")
_LENGTH: Final = struct.Struct("<I")
_SEAL_SIZE: Final = 16
OVERHEAD: Final = _HEADER.size + _SEAL_SIZE
"""Bytes on the wire beyond the JSON itself."""

MAX_SIZE: Final = 4 * 2**20
"""Maximum bytes of an entry that is stored or accepted: anything may be under a key."""


class Entry(NamedTuple):
    """A finished prediction; it can be old, never wrong.

    A tuple, since a frozen dataclass takes twice as long to make, and one is made for every hit in L2.

    Attributes:
        body: the JSON fragment that the client receives.
        created_at_us: when the model was called, µs since 1970: what it knew then is in the answer.
        cost_us: what this one instance cost the model, µs.
        nulls: what each null of the body stands for, as `null_kinds` says; empty if no number in it is not finite.
    """

    body: bytes
    created_at_us: int
    cost_us: int
    nulls: bytes = b""


class Header(NamedTuple):
    """The header of an entry: when it was made, µs since 1970, and what it cost, µs."""

    created_at_us: int
    cost_us: int


def read_header(blob: bytes) -> Header | None:
    """Read the header of a stored entry, unverified: to be shown, never served. None if it is not an entry.

    The first `OVERHEAD` bytes of it are enough.
    """
    if len(blob) < OVERHEAD:
        return None
    magic, version, created_at_us, cost_us = _HEADER.unpack_from(blob)
    is_entry = magic == MAGIC and version in (FORMAT_VERSION, WITH_NULLS)
    return Header(created_at_us, cost_us) if is_entry else None


def read_answer(start: bytes, size: int) -> bytes:
    """Return the body, unverified, as far as the first bytes of a stored entry of `size` bytes contain it."""
    sealed = start[_HEADER.size : size - _SEAL_SIZE]
    if start[len(MAGIC)] == FORMAT_VERSION or len(sealed) < _LENGTH.size:
        return sealed
    return sealed[_LENGTH.size :][: _LENGTH.unpack_from(sealed)[0]]


class EntryFormat:
    """Writes entries for a shared tier and reads them back, accepting only those that verify."""

    def __init__(self, secret: bytes = b"") -> None:
        """Accept the secret that all replicas share; without one, corruption and swaps are detected, forgery is not."""
        # BLAKE2b keys hold 64 bytes; a longer secret goes in by its digest.
        key = secret if len(secret) <= blake2b.MAX_KEY_SIZE else blake2b(secret).digest()
        # Copied for each entry: setting one up costs more than what it digests.
        self._unused = blake2b(digest_size=_SEAL_SIZE, key=key, person=b"foreseen-entry")

    def seal(self, key: Key, entry: Entry) -> bytes:
        """Return the bytes to store under a key."""
        body, created_at_us, cost_us, nulls = entry
        if NULL in body:
            payload = _HEADER.pack(MAGIC, WITH_NULLS, created_at_us, cost_us) + _LENGTH.pack(len(body)) + body + nulls
        else:
            payload = _HEADER.pack(MAGIC, FORMAT_VERSION, created_at_us, cost_us) + body
        return payload + self._mark(key, payload)

    def unseal(self, key: Key, blob: bytes) -> Entry:
        """Read back what was stored under a key.

        Raises:
            CorruptEntryError: truncated, foreign, of another version, of another key, changed on the way, or too large.
        """
        if len(blob) > MAX_SIZE:
            raise CorruptEntryError(f"expected an entry of {MAX_SIZE} bytes or fewer, got {len(blob)}", Corruption.SIZE)
        if len(blob) < OVERHEAD:
            said = f"expected an entry of {OVERHEAD} bytes or more, got {len(blob)}"
            raise CorruptEntryError(said, Corruption.FOREIGN)
        magic, version, created_at_us, cost_us = _HEADER.unpack_from(blob)
        if magic != MAGIC:
            said = f"expected an entry that begins with {MAGIC!r}, got {magic!r}"
            raise CorruptEntryError(said, Corruption.FOREIGN)
        if version not in (FORMAT_VERSION, WITH_NULLS):
            said = f"expected entry format {FORMAT_VERSION} or {WITH_NULLS}, got {version}"
            raise CorruptEntryError(said, Corruption.VERSION)
        payload = blob[:-_SEAL_SIZE]
        if not compare_digest(blob[-_SEAL_SIZE:], self._mark(key, payload)):
            said = "expected an entry whose seal matches its key and its bytes, got another"
            raise CorruptEntryError(said, Corruption.SEAL)
        sealed = payload[_HEADER.size :]
        if version == WITH_NULLS:
            body, nulls = _parted(sealed)
            return Entry(body, created_at_us, cost_us, nulls)
        if NULL in sealed:
            said = f"expected entry format {WITH_NULLS} of an answer with a null, got {version}"
            raise CorruptEntryError(said, Corruption.VERSION)
        return Entry(sealed, created_at_us, cost_us)

    def _mark(self, key: Key, payload: bytes) -> bytes:
        mark = self._unused.copy()
        mark.update(len(key).to_bytes(4, "little"))
        mark.update(key)
        mark.update(payload)
        return mark.digest()


def _parted(sealed: bytes) -> tuple[bytes, bytes]:
    """Return the JSON of an entry with nulls, and what they stand for; raise CorruptEntryError if it has no length."""
    end = _LENGTH.size + _LENGTH.unpack_from(sealed)[0] if len(sealed) >= _LENGTH.size else _LENGTH.size
    if len(sealed) < end:
        said = f"expected an entry that contains {end} bytes after its cost, got {len(sealed)}"
        raise CorruptEntryError(said, Corruption.FOREIGN)
    return sealed[_LENGTH.size : end], sealed[end:]
