"""SlotMap: which node of a cluster has which slots, as its nodes say."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from redis.asyncio.cluster import ClusterNode, NodesManager
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisClusterException, ResponseError

Address: TypeAlias = tuple[str, int]
"""Host and port of a node, as the cluster announces them."""

TIMEOUT_S: Final = 0.6
"""Seconds that a node may take to say what it knows; another one is asked then."""

_OF_A_POOL: Final = ("max_connections", "timeout")


def slot_of(name: str) -> int:
    """Return the slot of a key."""
    return key_slot(name.encode())


def address_text(address: Address) -> str:
    """Write an address as a person does."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class SlotMap:
    """What is known of a cluster: learned from any of its nodes, corrected by what they reply."""

    def __init__(self, seeds: Sequence[Address], options: Mapping[str, Any]) -> None:
        """Accept the nodes to begin with, which are looked up again each time, and the options of connections."""
        self._seeds = tuple(seeds)
        self._options = {name: value for name, value in options.items() if name not in (*_OF_A_POOL, "host", "port")}
        self._options |= {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        self._owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._counts: Counter[Address] = Counter()

    @property
    def is_known(self) -> bool:
        """Whether any slot has an owner."""
        return bool(self._counts)

    def owner_of(self, name: str) -> Address | None:
        """Return the node that has a key; None where none has its slot."""
        return self._owners[slot_of(name)]

    @property
    def owners(self) -> Collection[Address]:
        """The nodes that have slots."""
        return self._counts.keys()

    def move(self, slot: int, owner: Address) -> None:
        """Record which node has a slot now, as another one replied."""
        before, self._owners[slot] = self._owners[slot], owner
        self._counts[owner] += 1
        if before is not None:
            self._counts[before] -= 1
            if not self._counts[before]:
                del self._counts[before]

    async def read(self) -> None:
        """Look up which node has which slots, by the first that answers.

        Raises:
            ResponseError: it is refused, as by a server that is no node of a cluster.
            RedisError: none answers.
        """
        known = {*self._seeds, *self.owners}
        nodes = [ClusterNode(host, port, **self._options) for host, port in known]
        # Made for each time: what it knows of before is none of those nodes that we may still reach.
        manager = NodesManager(
            nodes, require_full_coverage=False, connection_kwargs=self._options, dynamic_startup_nodes=False
        )
        try:
            await _initialize(manager)
            self._owners = [_primary(manager.slots_cache.get(slot)) for slot in range(REDIS_CLUSTER_HASH_SLOTS)]
            self._counts = Counter(owner for owner in self._owners if owner is not None)
        finally:
            for node in [*nodes, *manager.nodes_cache.values()]:
                await node.disconnect()


async def _initialize(manager: NodesManager) -> None:
    try:
        await manager.initialize()
    except RedisClusterException as exc:
        # What a server refuses is put into words that say less than its own.
        refused = exc.__cause__ and exc.__cause__.__context__
        raise refused if isinstance(refused, ResponseError) else exc from exc


def _primary(nodes: Sequence[ClusterNode] | None) -> Address | None:
    return (nodes[0].host, int(nodes[0].port)) if nodes else None
