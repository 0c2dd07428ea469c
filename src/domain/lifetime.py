"""How long an entry lives after it was made."""

from zlib import crc32

from foreseen.domain.entry import Entry
from foreseen.domain.key import Key


class Lifetime:
    """A TTL that differs a little from key to key, so that what was made together does not expire together.

    The difference follows from the key alone: every tier and every replica agrees on it, and an entry that is promoted
    ends when it would have ended.
    """

    def __init__(self, ttl_s: float, *, jitter: float = 0.1) -> None:
        """Take the seconds that an entry lives, and the share by which a key's own time may differ either way."""
        self._ttl_us = ttl_s * 1e6
        self._jitter = jitter

    def ends_at_us(self, key: Key, entry: Entry) -> int:
        """Tell when the entry expires, µs since 1970."""
        share = 2 * crc32(key) / 0xFFFF_FFFF - 1
        return entry.created_at_us + int(self._ttl_us * (1 + self._jitter * share))
