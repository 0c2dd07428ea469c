"""SlotMap: which node of a cluster has which slots, as its nodes say."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisError, ResponseError

from foreseen.adapters.cache.redis.client.connection import client_with
from foreseen.adapters.cache.redis.client.fast_commands import RedisWire

Address: TypeAlias = tuple[str, int]
"""Host and port of a node, as the cluster announces them."""

TIMEOUT_S: Final = 0.6
"""Seconds that a node may take to reply; then the next one is queried."""

READING_S: Final = 1.8
"""Seconds that a few nodes have together: a single one has them all."""


def slot_of(name: str) -> int:
    """Return the slot of a key."""
    return key_slot(name.encode())


def address_text(address: Address) -> str:
    """Return an address as text, with an IPv6 host in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class SlotMap:
    """What is known about a cluster: read from any of its nodes, corrected by their replies."""

    def __init__(self, seeds: Sequence[Address], options: Mapping[str, object]) -> None:
        """Accept the nodes to begin with, whose names are resolved again each time, and the options of clients."""
        self._seeds = tuple(seeds)
        self._options = dict(options)
        self._owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._counts: Counter[Address] = Counter()

    @property
    def is_known(self) -> bool:
        """Whether any slot has an owner."""
        return bool(self._counts)

    def owner_of(self, name: str) -> Address | None:
        """Return the node that has a key; None if none has its slot."""
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
        """Look up which node has which slots, on the first node that answers; slots that it leaves out, on the next.

        Raises:
            ResponseError: every node failed and one rejected the command, as a server outside a cluster does.
            RedisError, OSError: no node answers.
        """
        owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        failures: list[Exception] = []
        known = {*self._seeds, *self.owners}
        timeout_s = max(TIMEOUT_S, READING_S / len(known))
        for address in known:
            try:
                add_ranges(owners, await self._ranges(address, timeout_s), address)
            except (RedisError, OSError) as exc:
                failures.append(exc)
            if None not in owners:
                break
        if len(failures) == len(known):  # an error reply says more than an unreachable node
            raise next((exc for exc in failures if isinstance(exc, ResponseError)), failures[-1])
        self._owners = owners
        self._counts = Counter(owner for owner in owners if owner is not None)

    async def _ranges(self, address: Address, timeout_s: float) -> object:
        host, port = address
        own = {"host": host, "port": port, "max_connections": 1}
        within = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
        client = client_with({**self._options, **own, **within})
        try:
            (reply,) = await RedisWire(client).call((b"CLUSTER", b"SLOTS"))
        finally:
            await client.aclose()
        return reply


_Range: TypeAlias = tuple[int, int, tuple[bytes, int, *tuple[object, ...]], *tuple[object, ...]]


def add_ranges(owners: list[Address | None], ranges: object, source: Address) -> None:
    """Enter what CLUSTER SLOTS replies, for slots that have no owner yet: first slot, last slot, primary, replicas.

    redis-py enters 16,384 slots one by one, and holds the event loop for half of the time that a node may take.
    """
    try:
        for first, last, (host, port, *_), *_ in cast("Iterable[_Range]", ranges):
            # A node that does not know its own address leaves the host out: it is the node that replied.
            owner = (host.decode() if host else source[0], int(port))
            have = owners[first : last + 1]
            owners[first : last + 1] = [before or owner for before in have] if any(have) else [owner] * len(have)
    except (AttributeError, TypeError, ValueError) as exc:
        raise ResponseError(f"expected slots and nodes from {address_text(source)}, got another reply") from exc
