"""RedisLookups: looks up many keys in one round trip, and reads no value that is too large to be an entry."""

from collections.abc import Sequence

from redis.exceptions import ResponseError

from foreseen.adapters.cache.redis.client.fast_commands import Command, RedisWire
from foreseen.adapters.cache.redis.client.reply_limits import ValueTooLargeError
from foreseen.adapters.cache.redis.servers.servers_port import Unread
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import MAX_SIZE


class RedisLookups:
    """Looks keys up by one MGET, or by a GET each if they may be in several slots.

    Attributes:
        by_single_keys: whether each key has a command of its own.
    """

    def __init__(self, wire: RedisWire, *, by_single_keys: bool = False) -> None:
        self.by_single_keys = by_single_keys
        self._wire = wire

    async def __call__(self, names: Sequence[str], *, then: Sequence[Command] = ()) -> list[object]:
        """Return the value of each key: bytes, None, an Unread, or the ResponseError that a GET failed with.

        Args:
            then: commands to send along; their replies are discarded.
        """
        try:
            return await self._values(names, then)
        except ValueTooLargeError:
            sizes = await self._wire.each(*((b"STRLEN", name) for name in names))
        # STRLEN fails on another type; MGET returns nil for it, as for a missing key.
        ours = [name for name, size in zip(names, sizes, strict=True) if isinstance(size, int) and 0 < size <= MAX_SIZE]
        found = dict(zip(ours, await self._values(ours, then), strict=True)) if ours else {}
        return [
            Unread.TOO_LARGE if isinstance(size, int) and size > MAX_SIZE else found.get(name)
            for name, size in zip(names, sizes, strict=True)
        ]

    async def _values(self, names: Sequence[str], then: Sequence[Command]) -> list[object]:
        if self.by_single_keys:
            replies = await self._wire.each(*((b"GET", name) for name in names), *then)
            return [_typed(reply) for reply in replies[: len(names)]]
        values, *_ = await self._wire.each((b"MGET", *names), *then)
        if isinstance(values, ResponseError):
            raise values
        if not isinstance(values, list) or len(values) != len(names):  # something other than Redis
            raise CacheUnavailableError(f"Redis: expected {len(names)} values from MGET, got {described(values)}")
        return values


def described(reply: object) -> str:
    """Return the type or the length of a reply for a message, without its content."""
    return f"{len(reply)} of them" if isinstance(reply, list) else f"{type(reply).__name__}"


def _typed(reply: object) -> object:
    is_other_type = isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE")
    return Unread.OTHER_TYPE if is_other_type else reply
