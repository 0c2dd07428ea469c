"""A cluster over TLS: the certificate of each node is checked against the name that the cluster announces."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.servers.connect_servers import connect_servers
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.errors import CacheUnavailableError
from support.certificates import Certificates, certificates
from support.loop_guard import loops_of_a_command
from support.processes import wait_until
from support.tls_proxy import tls_before
from support.valkey_cluster import OwnCluster, own_cluster

PROBE = "foreseen:iris:probe:1"


@contextmanager
def behind_tls(cluster: OwnCluster, files: Certificates) -> Iterator[int]:
    """Put TLS before each node, announce that, and give the port of one of them."""
    with ExitStack() as stack:
        # redis-py reads the authorities of the machine for each connection, which takes long beside other tests.
        stack.enter_context(loops_of_a_command())
        ports = set()
        for node in cluster.primaries:
            ports.add(port := stack.enter_context(tls_before(f"redis://127.0.0.1:{node.port}", files)))
            node.ask("CONFIG", "SET", "cluster-announce-port", port)
        wait_until(lambda: all(announced(cluster, number) == ports for number in range(len(ports))))
        yield port


def announced(cluster: OwnCluster, number: int) -> set[int]:
    return {int(shard[2][1]) for shard in cluster.primaries[number].ask("CLUSTER", "SLOTS")}


def servers_at(host: str, port: int, files: Certificates) -> Servers:
    url = f"rediss://{host}:{port}/0?ssl_ca_certs={files.authority}"
    return connect_servers(url, budget_s=5.0, timeout_s=5.0, max_connections=4)


async def test_nodes_are_found_and_used_over_tls(tmp_path: Path) -> None:
    files, names = certificates(tmp_path), [f"foreseen:iris:{number}" for number in range(40)]
    with own_cluster(primaries=2) as cluster, behind_tls(cluster, files) as port:
        servers = servers_at("127.0.0.1", port, files)
        await servers.ping(PROBE)
        await servers.write([(name, b"entry", 60_000) for name in names])

        assert await servers.find(names) == [b"entry"] * 40
        assert all(node.ask("DBSIZE") > 5 for node in cluster.primaries)
        async with servers.subscribed("foreseen:iris:pushes") as pubsub:
            assert await pubsub.get_message(timeout=30.0)
        await servers.close()


async def test_a_node_with_another_names_certificate_is_not_used(tmp_path: Path) -> None:
    """It is announced by its address, which the certificate does not have; the name in the URL it has."""
    files = certificates(tmp_path, "localhost")
    with own_cluster(primaries=1, cluster_announce_ip="127.0.0.1") as cluster, behind_tls(cluster, files) as port:
        servers = servers_at("localhost", port, files)
        with pytest.raises(CacheUnavailableError, match="certificate verify failed") as seen, redis_errors_translated():
            await servers.ping(PROBE)

        assert f"announces its nodes at 127.0.0.1:{port}" in str(seen.value)
        await servers.close()
