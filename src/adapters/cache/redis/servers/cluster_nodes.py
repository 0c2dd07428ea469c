"""ClusterNodes: the nodes of a cluster, as they join and leave."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final, TypeVar

import redis.asyncio
from redis.exceptions import ResponseError

from foreseen.adapters.cache.fault_policy.time_budget import within
from foreseen.adapters.cache.redis.client.bulk_set import set_command
from foreseen.adapters.cache.redis.client.connection import client_with, redis_errors_translated, unavailable
from foreseen.adapters.cache.redis.servers.cluster_node import Node
from foreseen.adapters.cache.redis.servers.servers_port import PROBE_MS
from foreseen.adapters.cache.redis.servers.slot_map import Address, SlotMap, address_text
from foreseen.adapters.cache.redis.servers.slot_routing import probe_name
from foreseen.domain.errors import CacheError, CacheUnavailableError, Outage

log = logging.getLogger(__name__)

Result = TypeVar("Result")

READ_EVERY_S: Final = 3.0
"""Seconds in which the map of slots is read once, however many replies say that it is wrong."""

PROBE_READS_EVERY_S: Final = 0.25
"""The same for probes: those of several nodes read it once, and a new primary is found by the next one."""

CONNECT_S: Final = 1.0
"""Seconds of a node's probe, out of those that the tier's own probe has."""


class ClusterNodes:
    """The nodes, how each is reached, and whether it is in use.

    Attributes:
        slots: which of them has which slots.
    """

    def __init__(self, seeds: Sequence[Address], options: Mapping[str, object], *, budget_s: float) -> None:
        """Accept nodes to begin with, the options of clients, and the seconds that a call may cost a request."""
        self.slots: Final = SlotMap(seeds, options)
        self._options = dict(options)
        self._budget_s = budget_s
        self._nodes: dict[Address, Node] = {}
        self._retired: set[Node] = set()
        self._past_outages: Counter[Outage] = Counter()
        self._probe_prefix = ""
        self._reading: asyncio.Task[object] | None = None
        self._read_at = float("-inf")
        self._aside: set[asyncio.Task[object]] = set()

    @property
    def outages(self) -> Counter[Outage]:
        """How often a node was disabled, since the start, by what disabled it."""
        return sum((node.circuit.outages for node in self._nodes.values()), start=self._past_outages)

    @property
    def disabled(self) -> int:
        """How many nodes are disabled now."""
        return sum(not node.circuit.is_closed for node in self._nodes.values())

    def at(self, address: Address) -> Node:
        """Return a node; a new one if it is not known yet."""
        if (node := self._nodes.get(address)) is None:
            client = self.client_of(address)
            node = Node(address, client, budget_s=self._budget_s, probe=lambda: self._probe(address))
            self._nodes[address] = node
        return node

    def client_of(self, address: Address, *, max_connections: int | None = None) -> redis.asyncio.Redis:
        """Build a client of a node, with as many connections as the options say unless given."""
        host, port = address
        most = {} if max_connections is None else {"max_connections": max_connections}
        return client_with({**self._options, "host": host, "port": port, **most})

    async def ping(self, name: str) -> None:
        """Read the map of slots, and probe every node in use, or all if none is; one that works is enough."""
        self._probe_prefix = name
        await self.read_slots()
        nodes = [self.at(owner) for owner in self.slots.owners]
        tried = [node for node in nodes if node.circuit.is_closed] or nodes
        trials = [self._spawn(self._failure_of(node)) for node in tried]
        failures = []
        # The other probes go on to their end: a node that hangs must not delay the use of a sound one.
        for trial in asyncio.as_completed(trials):
            failure = await trial
            if failure is None:
                return
            failures.append(failure)
        raise self._unreached(failures)

    async def read_slots(self, *, every_s: float = READ_EVERY_S) -> None:
        """Read the map of slots, unless that was done just now; while it is being read, wait for that."""
        if self._reading is None or self._reading.done():
            if asyncio.get_running_loop().time() - self._read_at <= every_s:
                return
            self._reading = self._spawn(self._read())
        await asyncio.shield(self._reading)

    def read_soon(self) -> None:
        """Read the map of slots in the background, after calls found it wrong."""
        if self._reading is None or self._reading.done():
            self._spawn(self._read_quietly())

    def require_one_in_use(self) -> None:
        """Raise CacheUnavailableError if no node is in use."""
        circuits = [self.at(owner).circuit for owner in self.slots.owners]
        if not any(circuit.is_closed for circuit in circuits):
            raise self._unreached([circuit.failure for circuit in circuits if circuit.failure is not None])

    async def close(self) -> None:
        """Close every connection."""
        for task in self._aside:
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)
        await asyncio.gather(*(node.close() for node in [*self._nodes.values(), *self._retired]))

    async def _read(self) -> None:
        with redis_errors_translated():
            await self.slots.read()
        self._read_at = asyncio.get_running_loop().time()
        owners = self.slots.owners
        for address in [address for address in self._nodes if address not in owners]:
            node = self._nodes.pop(address)
            self._past_outages += node.circuit.outages
            if not node.circuit.is_closed:
                log.info("L2: node %s has no slots any more, other nodes have its keys", address_text(address))
            self._retired.add(node)
            self._spawn(self._retire(node))

    async def _retire(self, node: Node) -> None:
        await node.close()
        self._retired.discard(node)

    async def _read_quietly(self) -> None:
        try:
            await self.read_slots()
        except CacheError as exc:  # the map stays as it is; probes read it again
            log.debug("the slots of the cluster cannot be read: %s", exc)

    async def _failure_of(self, node: Node) -> CacheError | None:
        """Probe a node, set its circuit accordingly, and return the failure; None if it works."""
        try:
            await within(CONNECT_S, self._use(node))
        except CacheError as exc:
            node.circuit.open(Outage.FAILURE, exc)
            return exc
        node.circuit.close()
        return None

    async def _probe(self, address: Address) -> None:
        """Use one node as requests do; if its slots now belong to another node, it is released."""
        await self.read_slots(every_s=PROBE_READS_EVERY_S)
        if (node := self._nodes.get(address)) is None:  # which ends these probes
            raise CacheUnavailableError(f"Redis: {address_text(address)} has no slots any more")
        await within(CONNECT_S, self._use(node))
        await within(2 * self._budget_s, self._use(node))

    async def _use(self, node: Node) -> None:
        if (name := self._probe_name(node)) is None:
            return
        value = secrets.token_bytes(16)
        with redis_errors_translated():
            written, found, _ = await node.send_behind(
                [set_command((name, value, PROBE_MS)), (b"GET", name), (b"DEL", name)]
            )
        if isinstance(written, ResponseError):
            raise unavailable(written)
        if found != value:
            where = address_text(node.address)
            raise CacheUnavailableError(
                f"Redis: {where}: expected to find what had just been written, got another reply"
            )

    def _probe_name(self, node: Node) -> str | None:
        """Return a key that is on a node: the previous one unless its slot has moved; None if none is found."""
        name = node.probe_name
        if name is None or self.slots.owner_of(name) != node.address:
            name = node.probe_name = probe_name(self._probe_prefix, node.address, self.slots)
        return name

    def _unreached(self, failures: Sequence[CacheError]) -> CacheError:
        """Return why no node can be used; if none answers at all, the announced addresses may be the reason."""
        if not failures:
            return CacheUnavailableError("Redis: no node of the cluster has any slot")
        for failure in failures:
            if isinstance(failure, CacheUnavailableError) and failure.kind:
                return failure
        announced = ", ".join(map(address_text, self.slots.owners))
        return CacheUnavailableError(
            f"{failures[0]}; the cluster announces its nodes at {announced}: if they cannot be reached there, "
            "set their cluster-announce-ip or cluster-announce-hostname"
        )

    def _spawn(self, call: Coroutine[object, None, Result]) -> "asyncio.Task[Result]":
        task = asyncio.create_task(call, name="look after a cluster")
        self._aside.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._aside.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it if all callers were cancelled
