"""Cluster: an operator's command waits for the map of slots longer than a request does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import hiredis
import pytest

from foreseen.adapters.cache.redis.servers.cluster import OPERATOR_READS, Cluster
from foreseen.domain.errors import CacheUnavailableError


@asynccontextmanager
async def cluster_of_one(*, dropped: int) -> AsyncIterator[Cluster]:
    """Yield a cluster whose only node drops so many connections before it replies to one."""
    connections = 0

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        parser = hiredis.Reader()
        while connections > dropped and (received := await reader.read(65536)):
            parser.feed(received)
            while (command := parser.gets()) is not False:
                writer.write(slots if command[0] == b"CLUSTER" else b"+OK\r\n")
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slots = b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n" % port
    cluster = Cluster([("127.0.0.1", port)], {"max_connections": 1}, budget_s=1.0)
    try:
        yield cluster
    finally:
        await cluster.close()
        server.close()
        await server.wait_closed()


async def test_an_operator_reaches_a_node_that_fails_twice() -> None:
    async with cluster_of_one(dropped=OPERATOR_READS - 1) as cluster:
        assert len(await cluster.primaries()) == 1


async def test_an_operator_sees_an_error_when_every_read_fails() -> None:
    async with cluster_of_one(dropped=OPERATOR_READS) as cluster:
        with pytest.raises(CacheUnavailableError):
            await cluster.primaries()
