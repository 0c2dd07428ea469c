"""A cluster, one endpoint of a cluster, a primary that Sentinels name: what every cache promises holds there too."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

import pytest

from foreseen.adapters.cache.memory.process_purge import ProcessPurge
from foreseen.adapters.cache.redis.free_memory import RedisFreeMemory
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.purges.purge_listener import RedisPurgeListener
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.cluster import Cluster
from foreseen.adapters.cache.redis.servers.connect_servers import Mode, connect_servers
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.errors import CacheUnavailableError, Corruption, Outage
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache
from foreseen.domain.purging import Purge
from support.cache_contract import A, B, CacheContract, entry
from support.counting_leases import CountingTable, waiting
from support.serverless_endpoint import ServerlessEndpoint, serverless_endpoint
from support.time_limits import patience
from support.valkey_cluster import OwnCluster, own_cluster
from support.valkey_sentinel import OwnSentinel, own_sentinel

HOUR = Lifetime(3600.0)
BUDGET_S = 5.0
FROZEN_BUDGET_S = 1.0
"""Where each lookup waits for a frozen node, and the others answer in time on a busy machine."""
"""So long that a busy machine is not taken for a slow server."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[OwnCluster]:
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(nodes: OwnCluster) -> OwnCluster:
    nodes.flush()
    return nodes


def servers_at(url: str, *, mode: Mode = "auto", max_connections: int = 8) -> Servers:
    return connect_servers(url, mode=mode, budget_s=BUDGET_S, timeout_s=5.0, max_connections=max_connections)


def cache_over(servers: Servers) -> RedisCache:
    return RedisCache(servers, model_name="iris", lifetime=HOUR, entry_format=EntryFormat())


def numbered(count: int) -> dict[Key, Entry]:
    return {Key(b"n" * 16 + number.to_bytes(4, "little")): entry(b"%d" % number) for number in range(count)}


async def failure_of(call: Awaitable[object]) -> str:
    """Wait for a call that fails for want of Redis, and return why."""
    with pytest.raises(CacheUnavailableError) as failed:
        await call
    return str(failed.value)


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[Cache]:
    cache = cache_over(servers_at(url))
    yield cache
    await cache.close()


@asynccontextmanager
async def stack(url: str) -> AsyncIterator[Cache]:
    """As the container builds it."""
    async with GuardedCache(WriteBehindCache(cache_over(servers_at(url)), lifetime=HOUR), budget_s=BUDGET_S) as cache:
        yield cache


class TestCacheOverACluster(CacheContract):
    @pytest.fixture(params=[alone, stack], ids=lambda build: build.__name__)
    async def cache(self, request: pytest.FixtureRequest, cluster: OwnCluster) -> AsyncIterator[Cache]:
        build: Callable[[str], AbstractAsyncContextManager[Cache]] = request.param
        async with build(cluster.url) as cache:
            yield cache


@pytest.fixture
async def cache(cluster: OwnCluster) -> AsyncIterator[RedisCache]:
    async with alone(cluster.url) as cache:
        assert isinstance(cache, RedisCache)
        yield cache


class TestCluster:
    async def test_keys_are_spread_over_every_node_and_found_again(
        self, cache: RedisCache, cluster: OwnCluster
    ) -> None:
        kept = numbered(300)
        await cache.put_many(kept)

        assert await cache.get_many(list(kept)) == kept
        assert all(node.ask("DBSIZE") > 50 for node in cluster.primaries)

    @pytest.mark.parametrize("mode", ["auto", "cluster"])
    async def test_one_node_is_enough_to_find_the_others(self, mode: Mode, cluster: OwnCluster) -> None:
        for node in cluster.primaries:
            cache, kept = cache_over(servers_at(f"redis://127.0.0.1:{node.port}/0", mode=mode)), numbered(50)
            await cache.ping()
            await cache.put_many(kept)

            assert await cache.get_many(list(kept)) == kept
            await cache.close()

    async def test_an_auto_detected_cluster_is_logged_once(
        self, cluster: OwnCluster, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "foreseen")
        cache = cache_over(servers_at(f"redis://127.0.0.1:{cluster.primaries[0].port}/0"))
        for _ in range(3):
            await cache.ping()
            await cache.put_many(numbered(10))
        await cache.close()

        assert [record.getMessage().split(":")[0] for record in caplog.records] == ["L2 is a Redis Cluster"]

    async def test_a_cluster_configured_as_single_is_reported_with_advice(self, cluster: OwnCluster) -> None:
        cache = cache_over(servers_at(f"redis://127.0.0.1:{cluster.primaries[0].port}/0", mode="single"))

        with pytest.raises(CacheUnavailableError, match="set redis_mode to auto or cluster") as seen:
            await cache.ping()

        assert seen.value.needs_operator
        await cache.close()

    async def test_a_single_server_configured_as_cluster_is_reported_with_advice(self, redis_url: str) -> None:
        cache = cache_over(servers_at(redis_url, mode="cluster"))

        with pytest.raises(CacheUnavailableError, match="set redis_mode to auto or single") as seen:
            await cache.ping()

        assert seen.value.needs_operator
        await cache.close()

    async def test_something_else_under_a_key_is_counted_and_overwritten(
        self, cache: RedisCache, cluster: OwnCluster
    ) -> None:
        name = "foreseen:iris:" + "6e" * 8 + ":61"
        cluster.owner_of(name).ask("RPUSH", name, "a list")

        assert await cache.get_many([A]) == {}
        assert cache.corruptions == {Corruption.TYPE: 1}
        kept = entry()
        await cache.put_many({A: kept})
        assert await cache.get_many([A]) == {A: kept}

    async def test_a_giant_is_not_read_and_its_neighbours_are(self, cache: RedisCache, cluster: OwnCluster) -> None:
        kept = numbered(30)
        await cache.put_many(kept)
        (giant, *rest) = kept
        name = "foreseen:iris:" + "6e" * 8 + ":00000000"
        cluster.owner_of(name).ask("SET", name, "x" * 5 * 2**20)

        assert await cache.get_many([giant, *rest]) == {key: kept[key] for key in rest}
        assert cache.corruptions == {Corruption.SIZE: 1}

    async def test_everything_is_listed_and_purged_on_every_node(self, cache: RedisCache, cluster: OwnCluster) -> None:
        kept = numbered(60)
        await cache.put_many(kept)
        inventory = RedisInventory(servers_at(cluster.url))

        assert len([held async for held in inventory.held("iris")]) == 60
        assert await inventory.purge("iris") == 60
        assert cluster.keys() == set()
        await inventory.close()

    async def test_concurrent_requests_read_the_slots_once(self, cluster: OwnCluster) -> None:
        for node in cluster.primaries:
            node.ask("CONFIG", "RESETSTAT")
        servers = servers_at(cluster.url)
        assert isinstance(servers, Cluster)
        await asyncio.gather(*(servers.read_slots() for _ in range(5)))
        await servers.close()

        assert sum("cmdstat_cluster|slots" in node.ask("INFO", "commandstats") for node in cluster.primaries) == 1

    async def test_sharded_channels_are_used_again_once_allowed(self, cluster: OwnCluster) -> None:
        def allow(*rules: str) -> None:
            for node in cluster.primaries:
                node.ask("ACL", "SETUSER", "some", "on", ">pw", "~*", "&*", "+@all", *rules)

        async def kind() -> str:
            async with servers.subscribed("channel") as pubsub:
                message = await pubsub.get_message(timeout=30.0)
                return str(message and message["type"])

        allow("-spublish", "-ssubscribe")
        servers = servers_at(cluster.url.replace("//", "//some:pw@"))
        plainly = await kind()
        allow()

        assert (plainly, await kind()) == ("subscribe", "ssubscribe")
        await servers.close()

    async def test_room_is_that_of_the_fullest_node_times_the_nodes(self, cluster: OwnCluster) -> None:
        servers = servers_at(cluster.url)
        try:
            cluster.primaries[1].ask("CONFIG", "SET", "maxmemory", 2**30)
            least = await RedisFreeMemory(servers)()
        finally:
            cluster.primaries[1].ask("CONFIG", "SET", "maxmemory", 0)
            await servers.close()

        assert 2.5 * 2**30 < least < 2.8 * 2**30


class TestSlotsThatMove:
    """A slot on its way: the node that had it says where keys are that it has no longer."""

    @pytest.fixture
    def moving(self, cluster: OwnCluster) -> Iterator[dict[str, Any]]:
        name = "foreseen:iris:" + "6e" * 8 + ":61"
        source = cluster.owner_of(name)
        target = next(node for node in cluster.primaries if node is not source)
        slot = source.ask("CLUSTER", "KEYSLOT", name)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        yield {"slot": slot, "source": source, "target": target, "name": name}
        cluster.flush()
        for node in (source, target, *cluster.primaries):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", source.id)

    async def test_keys_that_moved_are_found_at_the_new_node(self, cache: RedisCache, moving: dict[str, Any]) -> None:
        kept = numbered(20) | {A: entry()}
        await cache.put_many(kept)

        assert await cache.get_many(list(kept)) == kept
        assert moving["target"].ask("CLUSTER", "COUNTKEYSINSLOT", moving["slot"]) == 1

    async def test_a_purge_follows_the_keys_of_such_a_slot(
        self, cache: RedisCache, cluster: OwnCluster, moving: dict[str, Any]
    ) -> None:
        """The node that they are on rejects what does not say that it was sent there."""
        await cache.put_many(numbered(20) | {A: entry()})
        servers = servers_at(cluster.url)

        assert await RedisInventory(servers).purge("iris") == 21
        assert cluster.keys() == set()
        await servers.close()

    async def test_a_moved_slot_loses_no_hit(self, cache: RedisCache, moving: dict[str, Any]) -> None:
        kept = numbered(20) | {A: entry()}
        await cache.put_many(kept)
        for node in ("target", "source"):
            moving[node].ask("CLUSTER", "SETSLOT", moving["slot"], "NODE", moving["target"].id)

        for _ in range(3):
            assert await cache.get_many(list(kept)) == kept
        await cache.put_many(kept)
        assert await cache.get_many([A]) == {A: kept[A]}


@asynccontextmanager
async def process(url: str) -> AsyncIterator[RedisLeases]:
    """Leases as one process has them."""
    servers = servers_at(url)
    leases = RedisLeases(
        CountingTable(servers, model_name="iris", lease_s=30.0),
        RedisPushes(servers, model_name="iris"),
        lease_s=30.0,
        kept_above_s=0.001,
        budget_s=BUDGET_S,
        lifetime=HOUR,
        entry_format=EntryFormat(),
    )
    async with leases:
        yield leases
    await servers.close()


async def test_one_process_of_a_cluster_computes_and_others_receive_it(cluster: OwnCluster) -> None:
    computed = entry()
    async with process(cluster.url) as one, process(cluster.url) as other:
        assert await one.claim([A, B]) == {A, B}
        assert await other.claim([A]) == set()
        waits = await waiting(other, A)
        channels = [node.ask("PUBSUB", "SHARDCHANNELS") for node in cluster.primaries]
        one.settle(A, computed)
        one.settle(B, None)

        async with patience():
            assert await waits == computed
    assert sorted(map(len, channels)) == [0, 0, 1]


async def test_a_purge_reaches_processes_and_nodes_of_a_cluster(cluster: OwnCluster) -> None:
    """Over a channel of one shard, on which all confirm."""
    servers = servers_at(cluster.url)
    lifetimes = [Lifetime(3600.0), Lifetime(3600.0)]
    others = [servers_at(cluster.url) for _ in lifetimes]
    async with AsyncExitStack() as stack:
        for lifetime, other in zip(lifetimes, others, strict=True):
            here = ProcessPurge(lifetime, None)
            await stack.enter_async_context(RedisPurgeListener(other, here, model_name="iris"))
        await cache_over(servers).put_many(numbered(50))
        processes = RedisProcesses(servers)
        async with patience():
            while len((await processes.purge("iris")).removed) < len(others):  # noqa: ASYNC110 - until both listen
                await asyncio.sleep(0)

        purged = await Purge([processes], RedisInventory(servers))("iris")

    assert (purged.l2_removed, purged.confirmed, purged.silent, purged.failures) == (50, 2, 0, ())
    assert all(lifetime.forgotten_until_us for lifetime in lifetimes)
    for each in (servers, *others):
        await each.close()


async def test_an_own_lease_is_not_waited_for(redis_url: str) -> None:
    """The command that took it was sent twice: a connection broke before the first reply."""
    servers = servers_at(redis_url)
    table = RedisLeaseTable(servers, model_name="iris", lease_s=30.0)

    assert await table.take([A]) == {A: True}
    assert await table.take([A]) == {A: False}
    assert await table.look([A]) == {}
    await servers.close()


class TestEndpoint:
    """One endpoint of a cluster that does not say where its nodes are."""

    @pytest.fixture(params=[True, False], ids=["greets as a cluster", "greets as one server"])
    def endpoint(self, request: pytest.FixtureRequest, redis_url: str) -> Iterator[ServerlessEndpoint]:
        with serverless_endpoint(redis_url, is_open_about_it=request.param) as endpoint:
            yield endpoint

    async def test_keys_are_written_and_found_one_by_one(
        self, endpoint: ServerlessEndpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "foreseen")
        kept = numbered(100)
        async with stack(endpoint.url) as cache:
            for _ in range(3):
                await cache.put_many(kept)
                assert await cache.get_many(list(kept)) == kept
            assert cache.keeps

        assert [line.split(":")[0] for line in caplog.messages] == [
            "L2 is one endpoint of a cluster that does not list its nodes"
        ]
        assert endpoint.rejected <= 1

    async def test_entries_of_all_nodes_are_listed_and_purged(self, endpoint: ServerlessEndpoint) -> None:
        async with alone(endpoint.url) as cache:
            await cache.put_many(numbered(30))
        inventory = RedisInventory(servers_at(endpoint.url))

        assert len([held async for held in inventory.held()]) == 30
        assert await inventory.purge() == 30
        await inventory.close()


class TestCacheOverAnEndpoint(CacheContract):
    @pytest.fixture
    async def cache(self, redis_url: str) -> AsyncIterator[Cache]:
        with serverless_endpoint(redis_url) as endpoint:
            async with stack(endpoint.url) as cache:
                yield cache


@pytest.fixture(scope="module")
def watched() -> Iterator[OwnSentinel]:
    with own_sentinel() as sentinel:
        yield sentinel


@pytest.fixture
def sentinel(watched: OwnSentinel) -> OwnSentinel:
    watched.flush()
    return watched


class TestCacheOverASentinel(CacheContract):
    @pytest.fixture
    async def cache(self, sentinel: OwnSentinel) -> AsyncIterator[Cache]:
        async with stack(sentinel.url) as cache:
            yield cache


async def until_in_use(cache: GuardedCache) -> None:
    async with patience():
        while not cache.is_in_use:  # noqa: ASYNC110 - probes go by the clock of servers
            await asyncio.sleep(0.02)


class TestSentinel:
    async def test_a_demoted_primary_is_replaced_by_the_new_one(self, sentinel: OwnSentinel) -> None:
        """Its connections stay open, and its replies become those of a replica."""
        kept = entry()
        async with GuardedCache(cache_over(servers_at(sentinel.url)), budget_s=BUDGET_S) as cache:
            await cache.put_many({A: kept})
            await asyncio.to_thread(sentinel.fail_over)
            async with patience():
                while (await cache.get_many([B])) == {}:
                    await cache.put_many({B: kept})
                    await until_in_use(cache)

            assert await cache.get_many([A, B]) == {A: kept, B: kept}

    async def test_a_service_unknown_to_every_sentinel_is_reported(self, sentinel: OwnSentinel) -> None:
        cache = cache_over(servers_at(sentinel.url.replace("primary-of-tests", "another")))

        with pytest.raises(CacheUnavailableError, match="'another'"):
            await cache.ping()
        await cache.close()

    async def test_a_sentinel_that_forbids_the_login_is_used_without(self, sentinel: OwnSentinel) -> None:
        """Its user exists and may send it no command."""
        sentinel.allow("some", "pw")
        async with alone(sentinel.url.replace("//", "//some:pw@")) as cache:
            kept = entry()
            await cache.put_many({A: kept})

            assert await cache.get_many([A]) == {A: kept}

    async def test_a_sentinel_configured_as_server_is_reported_with_advice(self, sentinel: OwnSentinel) -> None:
        cache = cache_over(servers_at(f"redis://127.0.0.1:{sentinel.port}/0"))

        with pytest.raises(CacheUnavailableError, match=r"write redis\+sentinel://") as seen:
            await cache.ping()

        assert seen.value.needs_operator
        await cache.close()

    async def test_a_replica_takes_over_from_a_dead_primary(self) -> None:
        kept = entry()
        with own_sentinel() as sentinel:
            async with GuardedCache(cache_over(servers_at(sentinel.url)), budget_s=BUDGET_S) as cache:
                await cache.put_many({A: kept})
                sentinel.kill_primary()
                assert await cache.get_many([A]) == {}
                await until_in_use(cache)

                assert await cache.get_many([A]) == {A: kept}


class TestNodesThatFail:
    """Each in a cluster of its own."""

    async def test_a_dead_node_takes_only_its_own_keys_along(self, caplog: pytest.LogCaptureFixture) -> None:
        kept = numbered(90)
        with own_cluster() as cluster:
            dead, servers = cluster.primaries[1], servers_at(cluster.url)
            async with GuardedCache(cache_over(servers), budget_s=BUDGET_S) as cache:
                await cache.put_many(kept)
                lost = dead.ask("DBSIZE")
                dead.kill()
                for _ in range(3):
                    assert len(await cache.get_many(list(kept))) == 90 - lost
                    await cache.put_many(kept)

                assert cache.is_in_use
                assert lost > 10
                assert servers.outages == {Outage.FAILURE: 1}
                assert [line for line in caplog.messages if "L2 disabled" in line] == caplog.messages
                (line,) = caplog.messages
                assert line.startswith(f"L2 disabled for node 127.0.0.1:{dead.port}, ")
                for channel in map(str, range(30)):
                    on_it = cluster.owner_of(channel) is dead
                    with pytest.raises(CacheUnavailableError, match="channel") if on_it else nullcontext():
                        await servers.publish(channel, [b"without a subscriber"])

                others = [node for node in cluster.primaries if node is not dead]
                async with patience():
                    while str(dead.port) not in await failure_of(RedisInventory(servers).purge("iris")):
                        continue  # a busy machine does not say in time which slots are where, and it is purged again
                assert [node.ask("KEYS", "foreseen:iris:6e*") for node in others] == [[], []]

                for node in others:
                    node.kill()
                assert await cache.get_many(list(kept)) == {}
                await cache.get_many(list(kept))
                assert not cache.is_in_use

    async def test_a_frozen_node_costs_only_its_own_keys(self) -> None:
        kept = numbered(90)
        with own_cluster(cluster_node_timeout=60_000) as cluster:
            frozen = cluster.primaries[2]
            servers = connect_servers(cluster.url, budget_s=FROZEN_BUDGET_S, timeout_s=5.0, max_connections=8)
            async with GuardedCache(cache_over(servers), budget_s=FROZEN_BUDGET_S) as cache:
                await cache.put_many(kept)
                frozen.freeze()
                for _ in range(5):
                    await cache.get_many(list(kept))
                assert cache.is_in_use
                assert 30 < len(await cache.get_many(list(kept))) < 90
                assert (servers.outages, servers.disabled_nodes) == ({Outage.SLOWNESS: 1}, 1)

                frozen.thaw()
                async with patience():
                    while len(await cache.get_many(list(kept))) < 90:  # noqa: ASYNC110 - probes go by their clock
                        await asyncio.sleep(0.05)
                assert servers.disabled_nodes == 0

    async def test_a_replica_that_takes_over_is_found_with_its_entries(self) -> None:
        kept = numbered(90)
        with own_cluster(replicas=3, cluster_node_timeout=500) as cluster:
            async with GuardedCache(cache_over(servers_at(cluster.url)), budget_s=BUDGET_S) as cache:
                await cache.put_many(kept)
                await asyncio.to_thread(cluster.wait_for_replicas)
                cluster.primaries[0].kill()
                async with patience():
                    while len(await cache.get_many(list(kept))) < 90:  # noqa: ASYNC110 - probes go by their clock
                        await asyncio.sleep(0.05)

                assert cache.is_in_use

    async def test_a_cluster_that_is_down_is_reported_with_advice(self) -> None:
        with own_cluster(cluster_require_full_coverage="yes", cluster_node_timeout=200) as cluster:
            async with GuardedCache(cache_over(servers_at(cluster.url)), budget_s=BUDGET_S) as cache:
                await cache.put_many(numbered(30))
                cluster.primaries[0].kill()
                async with patience():
                    while cache.is_in_use:
                        await cache.get_many(list(numbered(30)))
                        await asyncio.sleep(0.02)

                assert "CLUSTERDOWN" in cache.disabled_by
                assert "cluster-require-full-coverage" in cache.disabled_by

    async def test_unreachable_announced_nodes_are_reported_with_advice(self) -> None:
        with own_cluster(primaries=1, cluster_announce_port=1) as cluster:
            async with GuardedCache(cache_over(servers_at(cluster.url)), budget_s=BUDGET_S) as cache:
                assert not cache.is_in_use
                assert "cluster announces its nodes at 127.0.0.1:1" in cache.disabled_by
                assert "cluster-announce-ip" in cache.disabled_by
