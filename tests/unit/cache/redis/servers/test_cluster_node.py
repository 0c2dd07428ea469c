"""Node: one slow reply is no outage, several in a row are, and whatever redis-py raises is one at once."""

import asyncio
from collections.abc import Sequence

import pytest
import redis.asyncio

from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.cluster_node import Node
from foreseen.adapters.cache.redis.servers.servers_port import Unread
from foreseen.domain.errors import Outage
from support.virtual_time import in_virtual_time

GET: Sequence[Command] = [(b"GET", b"a")]


async def never_works() -> None:
    await asyncio.sleep(3600.0)


def node() -> Node:
    return Node(("localhost", 1), redis.asyncio.Redis(), budget_s=0.025, probe=never_works)


async def too_slow(_: Node, commands: Sequence[Command]) -> list[object]:
    async with asyncio.timeout(0.02):
        await asyncio.sleep(3600.0)
    return [None] * len(commands)


@in_virtual_time
async def test_a_node_is_disabled_after_several_slow_replies() -> None:
    slow = node()

    assert await slow.call(too_slow, GET) == [Unread.UNREACHED]
    assert slow.circuit.outages == {}

    for _ in range(5):
        await slow.call(too_slow, GET)
    await slow.close()
    assert slow.circuit.outages == {Outage.SLOWNESS: 1}


@pytest.mark.parametrize(
    "exc", [ConnectionResetError("gone"), AttributeError("odd"), redis.exceptions.TimeoutError("late")]
)
@in_virtual_time
async def test_a_node_is_disabled_at_once_when_its_connection_fails(exc: Exception) -> None:
    async def fails(_: Node, commands: Sequence[Command]) -> list[object]:
        raise exc

    failing = node()

    assert await failing.call(fails, GET) == [Unread.UNREACHED]
    await failing.close()
    assert failing.circuit.outages == {Outage.FAILURE: 1}
