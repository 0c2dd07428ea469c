"""A cluster, Sentinels and a silent endpoint in trouble: it costs time, never an answer, and only the share concerned.

`make faults` runs them for longer, and writes what they measured to docs/faults.md.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.fault_load import LONG_S, FaultLoad, fault_load, telling_model
from support.fault_measurements import (
    BACK_S,
    BUDGET,
    BUDGET_S,
    FAULT_S,
    MOST_S,
    OPTIONS,
    OUT_S,
    measured,
    seconds_until,
    seen_in_health,
)  # fmt: skip
from support.fault_table import FaultTable
from support.processes import WITHOUT_TLS, Served, served, wait_until
from support.serverless_endpoint import serverless_endpoint
from support.valkey_cluster import SLOTS, OwnCluster, own_cluster
from support.valkey_process import is_running
from support.valkey_sentinel import OwnSentinel, own_sentinel

L2_HIT = "foreseen; hit; detail=L2"
MOVED_SLOTS = 200

in_the_long_form = pytest.mark.skipif(not LONG_S, reason="in short it is one of test_redis_modes")


@dataclass
class Service:
    """One that gets requests without pause."""

    running: Served
    load: FaultLoad
    client: httpx.Client

    def is_in_use(self) -> bool:
        """Return whether any of L2 is used now; it is ready all the while."""
        reply = self.client.get(self.running.url + "/readyz")
        assert reply.status_code == 200
        return bool(reply.json()["shared_cache"] == "in use")

    def disabled_nodes(self) -> int:
        """Return how many nodes are disabled, by the log."""
        lines = list(self.running.err)
        disabled = sum("L2 disabled for node" in line for line in lines)
        return disabled - sum("L2 enabled again for node" in line or "has no slots any more" in line for line in lines)


@contextmanager
def service_over(url: str, folder: Path) -> Iterator[Service]:
    with (
        served(telling_model(folder), *OPTIONS, *BUDGET, "--redis-url", url) as running,
        fault_load(running.url) as load,
        httpx.Client(**WITHOUT_TLS) as client,
    ):
        wait_until(lambda: load.seen.origins[L2_HIT] > 20)
        yield Service(running, load, client)


@pytest.fixture(scope="module")
def table() -> Iterator[FaultTable]:
    table = FaultTable("measured of modes")
    yield table
    if LONG_S:
        table.write(Path(__file__).parents[2] / "docs" / "faults.md")


def suffered(
    name: str,
    service: Service,
    table: FaultTable,
    *,
    begin: Callable[[], object],
    end: Callable[[], object],
    goes_out: bool = False,
) -> None:
    """Have a fault begin and end, and hold what clients see of it against the promises."""
    healthy = seen_in_health(service.load)
    begin()
    out_s = seconds_until(lambda: not service.is_in_use(), at_most_s=OUT_S if goes_out else FAULT_S)
    time.sleep(max(0.0, FAULT_S - (out_s or FAULT_S)))
    wait_until(lambda: service.load.seen.is_enough)
    end()
    ill = service.load.taken()
    back_s = seconds_until(lambda: service.is_in_use() and not service.disabled_nodes(), at_most_s=BACK_S)
    wait_until(lambda: service.load.seen.origins[L2_HIT] > 0)
    after = service.load.taken()

    for seen in (healthy, ill, after):
        assert (seen.wrong, seen.failed) == ([], [])
        assert max(max(each, default=0.0) for each in seen.seconds.values()) < MOST_S
    assert back_s is not None
    assert (out_s is not None) is goes_out
    figures = measured(name, healthy, ill, out_s, back_s)
    table.add(figures)
    if LONG_S:  # of a few requests beside other tests a quantile says nothing
        beyond = {case: ms for case, ms in figures.added_ms.items() if ms > BUDGET_S * 1000}
        assert beyond == {}, "a request waited for Redis, or this machine is busy with something else"


@pytest.fixture(scope="module")
def cluster() -> Iterator[OwnCluster]:
    """Three primaries, the first of which has a replica."""
    with own_cluster(replicas=1) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def service(cluster: OwnCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service_over(cluster.url, tmp_path_factory.mktemp("cluster")) as service:
        yield service


class TestCluster:
    def test_a_node_that_is_killed_takes_its_share_along(
        self, cluster: OwnCluster, service: Service, table: FaultTable
    ) -> None:
        node = cluster.primaries[1]
        suffered("cluster: a node killed", service, table, begin=node.kill, end=node.restart)

    @in_the_long_form
    def test_a_node_that_is_frozen_takes_its_share_along(
        self, cluster: OwnCluster, service: Service, table: FaultTable
    ) -> None:
        node = cluster.primaries[2]
        suffered("cluster: a node frozen", service, table, begin=node.freeze, end=node.thaw)

    @in_the_long_form
    def test_slots_on_their_way_cost_nothing(self, cluster: OwnCluster, service: Service, table: FaultTable) -> None:
        source, target = cluster.primaries[1], cluster.primaries[2]
        moved = range(SLOTS // 2, SLOTS // 2 + MOVED_SLOTS)

        def begin() -> None:
            for slot in moved:
                target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
                source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)

        def end() -> None:
            for slot in moved:
                for name in source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
                    source.ask("MIGRATE", "127.0.0.1", target.port, name, 0, 1000, "REPLACE")
                for node in (target, source):
                    node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)

        suffered(f"cluster: {MOVED_SLOTS} slots moving", service, table, begin=begin, end=end)

    @in_the_long_form
    def test_a_cluster_that_is_down_is_disabled(self, cluster: OwnCluster, service: Service, table: FaultTable) -> None:
        def begin() -> None:
            for node in cluster.primaries:
                node.ask("CONFIG", "SET", "cluster-require-full-coverage", "yes")
            cluster.primaries[1].kill()

        def end() -> None:
            cluster.primaries[1].restart()
            for node in cluster.primaries:
                node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")

        suffered("cluster: CLUSTERDOWN", service, table, begin=begin, end=end, goes_out=True)

    def test_a_replica_that_takes_over_is_used(self, cluster: OwnCluster, service: Service, table: FaultTable) -> None:
        node = cluster.primaries[0]

        def end() -> None:
            wait_until(lambda: cluster.replicas[0].ask("ROLE")[0] == "master")

        suffered("cluster: failover", service, table, begin=node.kill, end=end)


@in_the_long_form
def test_a_failover_of_sentinels_is_disabled_and_comes_back(tmp_path: Path, table: FaultTable) -> None:
    with own_sentinel() as sentinel, service_over(sentinel.url, tmp_path) as service:
        suffered(
            "Sentinel: failover",
            service,
            table,
            begin=sentinel.kill_primary,
            end=lambda: wait_until(lambda: _is_new(sentinel)),
            goes_out=True,
        )


def _is_new(sentinel: OwnSentinel) -> bool:
    return is_running(sentinel.primary())


@in_the_long_form
def test_an_endpoint_that_answers_for_one_slot_is_no_fault(redis_url: str, tmp_path: Path, table: FaultTable) -> None:
    with serverless_endpoint(redis_url) as endpoint, service_over(endpoint.url, tmp_path) as service:
        suffered("an endpoint of one slot a command", service, table, begin=lambda: None, end=lambda: None)

        assert endpoint.rejected == 0
