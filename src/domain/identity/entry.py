"""Entry: a finished prediction as the bytes that are sent, with its age and what it cost; and its form on the wire.

magic "fsn" ‖ version, 1 byte ‖ created-at, µs since 1970, uint64 ‖ cost, µs, uint64 ‖ the JSON bytes ‖ 16 bytes that
seal them. All little-endian. docs/adr/0004 gives the reasons, tests/unit/domain/identity/golden the bytes.
"""

import struct
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

from foreseen.domain.errors import CorruptEntryError, Corruption
from foreseen.domain.identity.key import Key

MAGIC: Final = b"fsn"
FORMAT_VERSION: Final = 1
_HEADER: Final = struct.Struct("<3sBQQ")
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
    """

    body: bytes
    created_at_us: int
    cost_us: int


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
    return Header(created_at_us, cost_us) if (magic, version) == (MAGIC, FORMAT_VERSION) else None


def read_answer(start: bytes, size: int) -> bytes:
    """Return the body, unverified, as far as the first bytes of a stored entry of `size` bytes contain it."""
    return start[_HEADER.size : size - _SEAL_SIZE]


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
        payload = _HEADER.pack(MAGIC, FORMAT_VERSION, entry.created_at_us, entry.cost_us) + entry.body
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
        if version != FORMAT_VERSION:
            said = f"expected entry format {FORMAT_VERSION}, got {version}"
            raise CorruptEntryError(said, Corruption.VERSION)
        payload = blob[:-_SEAL_SIZE]
        if not compare_digest(blob[-_SEAL_SIZE:], self._mark(key, payload)):
            said = "expected an entry whose seal matches its key and its bytes, got another"
            raise CorruptEntryError(said, Corruption.SEAL)
        return Entry(payload[_HEADER.size :], created_at_us, cost_us)

    def _mark(self, key: Key, payload: bytes) -> bytes:
        mark = self._unused.copy()
        mark.update(len(key).to_bytes(4, "little"))
        mark.update(key)
        mark.update(payload)
        return mark.digest()
