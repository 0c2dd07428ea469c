"""RedisWrites: many keys, each with its own milliseconds to live, written by one command."""

import logging
from collections.abc import Iterator, Sequence
from hashlib import sha1
from typing import Final

from redis.exceptions import AskError, ClusterCrossSlotError, NoScriptError, ResponseError

from foreseen.adapters.cache.redis.client.fast_commands import Command, RedisWire
from foreseen.domain.errors import CacheUnavailableError

log = logging.getLogger(__name__)

Write = tuple[str, bytes, int]
"""A key, its value, and the milliseconds it has to live."""

KEYS_A_SCRIPT: Final = 512
"""Keys per script; the server does nothing else while it runs, for half a millisecond."""

SCRIPT: Final = b"""\
local others = 0
for i, key in ipairs(KEYS) do
  local held = redis.pcall('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i], 'GET')
  if type(held) == 'table' and held.err then
    redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i])
    if string.find(held.err, '^WRONGTYPE') then others = others + 1 end
  end
end
return {#KEYS, others}"""
"""Replies with how many keys were written, and how many of these held another type: MGET returns nil for such a key,
SET with GET fails on it. Where that fails for another reason, as before Redis 6.2, SET alone decides."""
_SHA: Final = sha1(SCRIPT, usedforsecurity=False).hexdigest()


class RedisWrites:
    """Writes by a script, whose one reply is cheaper to read than one per key; by SETs if scripts are not allowed.

    docs/adr/0015 gives the reasons.

    Attributes:
        runs_scripts: whether scripts are tried.
    """

    def __init__(self, wire: RedisWire, *, runs_scripts: bool = True) -> None:
        self._wire = wire
        self.runs_scripts = runs_scripts

    async def __call__(self, writes: Sequence[Write]) -> int:
        """Write all of them, overwriting keys of any type.

        Returns:
            How many keys held another type than strings; 0 if no scripts are run, since SET does not report it.
        Raises:
            RedisError, OSError, CacheUnavailableError: some may not be written.
        """
        if not self.runs_scripts:
            await self._by_sets(writes)
            return 0
        try:
            return await self._by_script(writes)
        except (AskError, ClusterCrossSlotError):  # a cluster answers, to SETs as well; MovedError is an AskError
            raise
        except ResponseError as rejected:
            # Was it the script that failed, or the write? A full or read-only server rejects these SETs too.
            await self._by_sets(writes)
            self.runs_scripts = False
            log.info("Redis does not allow scripts, so entries are written one by one: %s", rejected)
            return 0

    async def _by_script(self, writes: Sequence[Write]) -> int:
        groups = list(_groups(writes))
        try:
            replies = await self._wire.call(*(_scripted((b"EVALSHA", _SHA), group) for group in groups))
        except NoScriptError:  # the first time, and after a restart
            replies = await self._wire.call(*(_scripted((b"EVAL", SCRIPT), group) for group in groups))
        others = [_others(reply) for reply in replies]
        _require(replies, [[len(group), other] for group, other in zip(groups, others, strict=True)])
        return sum(others)

    async def _by_sets(self, writes: Sequence[Write]) -> None:
        replies = await self._wire.call(*map(set_command, writes))
        _require(replies, [b"OK"] * len(writes))


def set_command(write: Write) -> Command:
    """Return the command that writes one key."""
    name, blob, left_ms = write
    return (b"SET", name, blob, b"PX", left_ms)


def _groups(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    for start in range(0, len(writes), KEYS_A_SCRIPT):
        yield writes[start : start + KEYS_A_SCRIPT]


def _scripted(command: Command, group: Sequence[Write]) -> Command:
    names = [name for name, _, _ in group]
    values = [value for _, blob, left_ms in group for value in (blob, left_ms)]
    return (*command, len(group), *names, *values)


def _others(reply: object) -> int:
    match reply:
        case [_, int(others)] if others >= 0:
            return others
    return 0


def _require(replies: list[object], expected: list[object]) -> None:
    if replies != expected:
        raise CacheUnavailableError("Redis: expected every key to be written, got another reply")
