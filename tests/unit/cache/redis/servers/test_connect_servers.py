"""Which servers a URL and a mode lead to, and what is the same for all of them."""

from typing import Any

import pytest
from redis.asyncio.connection import Connection

from foreseen.adapters.cache.redis.client.tls_connection import TlsConnection
from foreseen.adapters.cache.redis.servers.auto_detected import AutoServers
from foreseen.adapters.cache.redis.servers.cluster import Cluster
from foreseen.adapters.cache.redis.servers.connect_servers import Mode, connect_servers
from foreseen.adapters.cache.redis.servers.sentinel_primary import SentinelPrimary
from foreseen.adapters.cache.redis.servers.single_server import OneServer


def built(url: str, mode: Mode = "auto") -> Any:
    return connect_servers(url, mode=mode, budget_s=0.025, timeout_s=5.0, max_connections=8)


@pytest.mark.parametrize(
    ("url", "mode", "kind"),
    [
        ("redis://h", "auto", AutoServers),
        ("redis://h", "single", OneServer),
        ("redis://h", "cluster", Cluster),
        ("rediss://a,b", "auto", Cluster),
        ("unix:///run/redis.sock", "auto", AutoServers),
        ("unix:///run/redis.sock", "single", OneServer),
        ("redis+sentinel://a,b/main", "auto", SentinelPrimary),
        ("rediss+sentinel://a,b/main", "sentinel", SentinelPrimary),
    ],
)
async def test_a_url_and_a_mode_choose(url: str, mode: Mode, kind: Any) -> None:
    servers = built(url, mode)

    assert type(servers) is kind
    await servers.close()


@pytest.mark.parametrize(("scheme", "kind"), [("redis", Connection), ("rediss", TlsConnection)])
async def test_nodes_are_reached_by_the_urls_scheme_and_login(scheme: str, kind: Any) -> None:
    servers = built(f"{scheme}://me:hush@a:7000,b:7001/0", "cluster")
    client = servers.nodes.client_of(("node.example", 7002), max_connections=3)
    connection = client.connection_pool.make_connection()

    assert type(connection) is kind
    assert (connection.host, connection.port) == ("node.example", 7002)
    assert (connection.username, connection.password) == ("me", "hush")
    if kind is TlsConnection:
        assert connection.check_hostname
    await client.aclose()
    await servers.close()


@pytest.mark.parametrize(("scheme", "kind"), [("redis", Connection), ("rediss", TlsConnection)])
async def test_sentinels_use_the_login_of_their_primary_or_none(scheme: str, kind: Any) -> None:
    servers = built(f"{scheme}+sentinel://me:hush@a,b:7/main/3")
    logins = [
        (each.host, each.port, each.username, each.password, each.db)
        for each in (client.connection_pool.make_connection() for _, client in servers.sentinels.clients)
    ]
    (client,) = await servers.primaries()
    primary = client.connection_pool.make_connection()

    assert logins == [
        ("a", 26379, "me", "hush", 0),
        ("b", 7, "me", "hush", 0),
        ("a", 26379, None, None, 0),
        ("b", 7, None, None, 0),
    ]
    assert isinstance(primary, kind)
    assert (primary.username, primary.password, primary.db) == ("me", "hush", 3)
    await servers.close()
