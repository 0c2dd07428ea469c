"""Node: one primary of a cluster, with a wire and a breaker of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import redis.asyncio
from redis.exceptions import ResponseError

from foreseen.adapters.cache.fault_policy.circuit_breaker import Circuit, LogMessages
from foreseen.adapters.cache.fault_policy.time_budget import BUDGET_PER_KEY_S
from foreseen.adapters.cache.redis.client.connection import unavailable
from foreseen.adapters.cache.redis.client.error_replies import error_reply_in
from foreseen.adapters.cache.redis.client.fast_commands import Command, RedisWire
from foreseen.adapters.cache.redis.servers.bulk_get import RedisLookups
from foreseen.adapters.cache.redis.servers.servers_port import Unread
from foreseen.adapters.cache.redis.servers.slot_map import Address, address_text
from foreseen.domain.errors import CacheError, Outage

BUDGET_SHARE: Final = 0.8
"""The share of a request's budget for one node, so that the other nodes' answers are still used if it is slow."""

NODE_TROUBLE: Final = {"CLUSTERDOWN", "MASTERDOWN", "READONLY", "LOADING", "BUSY", "NOREPLICAS", "OOM", "MISCONF"}
"""Error replies that are about the node and not about the command."""

_MESSAGES: Final = LogMessages(
    opened="L2 disabled for %s, whose share of the keys goes on without it: %s",
    still_open="L2 is still disabled for %s: %s",
    closed="L2 enabled again for %s",
)

Send = Callable[["Node", Sequence[Command]], Awaitable[list[object]]]
"""A way to send commands to a node."""


class Node:
    """One node: its failures affect its own keys only, and cost nothing while it is disabled.

    Attributes:
        probe_name: a key on this node, which probes use; None before the first.
    """

    def __init__(
        self, address: Address, client: redis.asyncio.Redis, *, budget_s: float, probe: Callable[[], Awaitable[None]]
    ) -> None:
        """Accept a client that does not decode replies, a request's budget in seconds, and a probe of the node."""
        self.address = address
        self.client = client
        self.probe_name: str | None = None
        self._budget_s = BUDGET_SHARE * budget_s
        self._wire = RedisWire(client)
        self._look_up = RedisLookups(self._wire, by_single_keys=True)
        self.circuit = Circuit(f"node {address_text(address)}", probe, _MESSAGES, budget_s=self._budget_s)

    async def look_up(self, commands: Sequence[Command]) -> list[object]:
        """Return the values of GETs, within the time budget of a request."""
        return await self._in_time(self._look_up([str(name) for _, name in commands]), len(commands))

    async def send(self, commands: Sequence[Command]) -> list[object]:
        """Return replies within the time budget of a request."""
        return await self._in_time(self._wire.each(*commands), len(commands))

    async def send_behind(self, commands: Sequence[Command]) -> list[object]:
        """Return replies that no request waits for."""
        return await self._wire.each(*commands)

    async def send_asking(self, commands: Sequence[Command]) -> list[object]:
        """Return replies for slots that are migrating here."""
        both = [each for command in commands for each in ((b"ASKING",), command)]
        return (await self._wire.each(*both))[1::2]

    async def call(self, send: Send, commands: Sequence[Command]) -> list[object]:
        """Return replies in order; UNREACHED for each while the node is disabled, or is disabled by this."""
        if not self.circuit.is_closed:
            return [Unread.UNREACHED] * len(commands)
        try:
            replies = await send(self, commands)
        except TimeoutError:  # of our own budget: redis-py has another class for a connection's
            self.circuit.count_slow()
        except CacheError as exc:
            self.circuit.open(Outage.FAILURE, exc)
        except Exception as exc:  # noqa: BLE001 - whatever a node's reply or connection makes redis-py raise
            self.circuit.open(Outage.FAILURE, unavailable(exc))
        else:
            self.circuit.count_fast(asyncio.get_running_loop().time())
            return [self._seen(reply) for reply in replies]
        return [Unread.UNREACHED] * len(commands)

    async def close(self) -> None:
        """End its probes, and close its connections."""
        await self.circuit.stop()
        await self._wire.close()

    async def _in_time(self, call: Awaitable[list[object]], keys: int) -> list[object]:
        async with asyncio.timeout(self._budget_s + keys * BUDGET_PER_KEY_S):
            return await call

    def _seen(self, reply: object) -> object:
        if not isinstance(reply, ResponseError):
            return reply
        known = error_reply_in(reply)
        if known is None or known.code not in NODE_TROUBLE or "not served" in str(reply):
            return reply
        self.circuit.open(Outage.FAILURE, unavailable(reply))
        return Unread.UNREACHED
