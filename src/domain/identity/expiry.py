"""How long an entry lives after it was made."""

from zlib import crc32

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key


class Lifetime:
    """A TTL that differs a little from key to key, so that what was made together does not expire together.

    The difference follows from the key alone: every tier and every replica agrees on it, and an entry that is promoted
    ends when it would have ended.
    """

    def __init__(self, ttl_s: float, *, jitter: float = 0.1) -> None:
        """Accept the mean TTL in seconds, and the share by which the TTL of a key may differ from it, either way."""
        self._least_us = round(ttl_s * 1e6 * (1 - jitter))
        self._us_a_step = ttl_s * 1e6 * 2 * jitter / 0xFFFF_FFFF
        self.forgotten_until_us = 0
        """Entries made until then have expired, µs since 1970."""

    def forget_until(self, made_us: int) -> None:
        """Expire every entry made until then, in every tier and also when it is stored later."""
        self.forgotten_until_us = max(self.forgotten_until_us, made_us)

    def ends_at_us(self, key: Key, entry: Entry) -> int:
        """Return when an entry expires, µs since 1970; 0 if it has been purged."""
        if entry.created_at_us <= self.forgotten_until_us:
            return 0
        return entry.created_at_us + self._least_us + int(self._us_a_step * crc32(key))

    def alive_after_us(self, now_us: float) -> float:
        """Return since when what was made has not expired, whatever its key, µs since 1970."""
        return max(now_us - self._least_us, self.forgotten_until_us)

    def is_over(self, key: Key, entry: Entry, now_us: float) -> bool:
        """Return whether an entry has expired."""
        if entry.created_at_us <= self.forgotten_until_us:
            return True
        # No key has a shorter TTL than this, so for most entries the TTL of the key need not be computed.
        return now_us - entry.created_at_us >= self._least_us and self.ends_at_us(key, entry) <= now_us
