"""Leases on a real server: of all replicas one computes, and no fault of any of them costs an answer."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import redis.asyncio

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.leases import pushes
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.errors import Corruption
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, entry
from support.counting_leases import CountingTable, wait_until_another_waits, waiting
from support.disconnecting_client import Asking, RawReply
from support.faulty_redis_servers import gate_before
from support.held_model import Holding, Holds
from support.models import save
from support.own_valkey import own_valkey
from support.processes import Served, served, wait_until, wait_until_heard
from support.time_limits import PATIENCE_S, patience, soon

CHANNEL = "foreseen:iris:pushes"
LEASE_OF_A = "foreseen:iris:lease:" + "6e" * 8 + ":61"
PATIENT = ("--redis-timeout", "60s")
"""So that Redis answers in time on a busy machine, too."""

LONG = ("--lease", "60s")
"""So that no process passes for dead that is only kept from renewing."""


@pytest.fixture
def holds(tmp_path: Path) -> Holds:
    return Holds(tmp_path)


Start = Callable[..., Served]


@pytest.fixture
def replica(holds: Holds, tmp_path: Path) -> Iterator[Start]:
    """Start one replica more; it wants the lease of any input whose model time is measurable."""
    model = save(Holding(tmp_path), tmp_path)
    with ExitStack() as stack:

        def start(redis_url: str, *args: str) -> Served:
            common = ("--features", "number", "--rows-per-call", "1", "--lease-min-cost", "1ms")
            shared = ("--cache", "tiered", "--redis-url", redis_url)
            return stack.enter_context(served(model, *common, *shared, *args))

        yield start
        holds.let_go()


def rows(running: Served) -> int:
    """How many rows its model has computed."""
    found = re.search(r"^foreseen_model_rows_total (\d+)", running.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def ask(clients: ThreadPoolExecutor, running: Served, number: int) -> Future[httpx.Response]:
    return clients.submit(running.get, "/predict", number=number)


class TestReplicas:
    def test_one_input_requested_of_all_replicas_is_computed_once(
        self, replica: Start, holds: Holds, redis_url: str
    ) -> None:
        replicas = [replica(redis_url, *PATIENT, *LONG) for _ in range(2)]
        holds.hold(3)

        async def send_and_read() -> list[RawReply]:
            asking = [await Asking.post(running.url, b'{"number":3}') for running in replicas * 100]
            await asyncio.to_thread(wait_until_all_wait)
            holds.let_go()
            return await asyncio.gather(*(each.reply() for each in asking))

        def wait_until_all_wait() -> None:
            wait_until(lambda: holds.has_begun(3))
            wait_until_another_waits(redis_url)
            for running in replicas:
                wait_until_heard(running)

        replies = asyncio.run(send_and_read())

        assert {(reply.status, reply.body) for reply in replies} == {(200, b'{"prediction":6.0}')}
        assert sum(map(rows, replicas)) == 1
        origins = sorted(reply.headers["cache-status"] for reply in replies)
        assert origins == ["foreseen; fwd=miss; collapsed"] * 199 + ["foreseen; fwd=miss; stored"]
        again = [running.get("/predict", number=3) for running in replicas]
        assert [reply.headers["cache-status"] for reply in again] == ["foreseen; hit; detail=L1"] * 2

    def test_another_replica_answers_when_the_computing_one_is_killed(
        self, replica: Start, holds: Holds, redis_url: str, clients: ThreadPoolExecutor
    ) -> None:
        dying, living = replica(redis_url, *PATIENT), replica(redis_url, *PATIENT, *LONG)
        holds.hold(3)
        lost = ask(clients, dying, 3)
        wait_until(lambda: holds.has_begun(3))
        holds.hold(3)  # of which that call knows nothing any more
        waiting = ask(clients, living, 3)
        wait_until_another_waits(redis_url)

        dying.process.kill()
        dying.process.wait()
        wait_until(lambda: holds.has_begun(3))
        # It has the lease: else it would have waited as long as for one that lives, and computed without.
        with redis.Redis.from_url(redis_url) as client:
            assert len(client.keys("foreseen:model:lease:*")) == 1
        holds.let_go()
        reply = waiting.result(timeout=PATIENCE_S)

        assert (reply.status_code, reply.content) == (200, b'{"prediction":6.0}')
        assert rows(living) == 1
        assert isinstance(lost.exception(timeout=PATIENCE_S), httpx.TransportError)

    def test_a_failed_computation_ends_the_wait_for_its_lease(
        self, replica: Start, holds: Holds, redis_url: str, clients: ThreadPoolExecutor
    ) -> None:
        one, other = (replica(redis_url, *PATIENT, *LONG) for _ in range(2))
        holds.hold(Holding.REJECTED)
        failing = ask(clients, one, Holding.REJECTED)
        wait_until(lambda: holds.has_begun(Holding.REJECTED))
        waiting = ask(clients, other, Holding.REJECTED)
        wait_until_another_waits(redis_url)
        holds.let_go()

        replies = [future.result(timeout=PATIENCE_S) for future in (failing, waiting)]

        assert [reply.status_code for reply in replies] == [422, 422]
        assert replies[0].json()["errors"] == replies[1].json()["errors"]

    @pytest.mark.parametrize("blow", ["frozen", "killed"])
    def test_a_server_that_is_lost_meanwhile_costs_no_answer(
        self, blow: str, replica: Start, holds: Holds, clients: ThreadPoolExecutor
    ) -> None:
        with own_valkey() as server:
            one, other = (replica(server.url, "--redis-timeout", "1s") for _ in range(2))
            holds.hold(3)
            first = ask(clients, one, 3)
            wait_until(lambda: holds.has_begun(3))
            second = ask(clients, other, 3)
            wait_until_another_waits(server.url)

            if blow == "frozen":
                server.freeze()
            else:
                server.kill()
            holds.let_go()
            replies = [future.result(timeout=PATIENCE_S) for future in (first, second)]
            if blow == "frozen":
                server.thaw()

        assert {(reply.status_code, reply.content) for reply in replies} == {(200, b'{"prediction":6.0}')}

    def test_inputs_that_cost_little_lease_nothing_once_that_is_known(self, replica: Start, redis_url: str) -> None:
        little = ("--lease-min-cost", "1h")  # which is more than any call takes, on a machine however busy
        with redis.Redis.from_url(redis_url) as client:

            def is_settled() -> bool:
                return "cmdstat_publish" in client.info("commandstats") and len(client.keys()) == 1

            client.config_resetstat()
            running = replica(redis_url, *PATIENT, *little)
            running.get("/predict", number=0)
            wait_until(is_settled)
            client.config_resetstat()
            for number in range(1, 5):
                running.get("/predict", number=number)
            wait_until(lambda: len(client.keys("foreseen:model:[0-9a-f]*:*")) == 5)
            calls = client.info("commandstats")
            channels = client.pubsub_channels()
            names = client.keys()

        assert calls["cmdstat_set"]["calls"] == 4  # of the entries
        assert not {"cmdstat_publish", "cmdstat_pexpire"} & calls.keys()
        assert set(channels) <= {b"foreseen:purges"}
        assert len(names) == 5


@asynccontextmanager
async def process(url: str, *, lease_s: float = 30.0, budget_s: float = 5.0) -> AsyncIterator[RedisLeases]:
    """Leases as one process has them."""
    async with (
        connect_redis(url, timeout_s=5, max_connections=4) as speaker,
        connect_redis(url, timeout_s=5, max_connections=1) as listener,
        RedisLeases(
            CountingTable(servers := OneServer(speaker, listener=listener), model_name="iris", lease_s=lease_s),
            RedisPushes(servers, model_name="iris"),
            lease_s=lease_s,
            kept_above_s=0.001,
            budget_s=budget_s,
            lifetime=Lifetime(3600.0),
            entry_format=EntryFormat(),
        ) as leases,
    ):
        yield leases


class TestAdapters:
    @pytest.fixture
    async def client(self, redis_url: str) -> AsyncIterator[Any]:
        async with redis.asyncio.Redis.from_url(redis_url) as client:
            yield client

    @pytest.fixture
    async def user(self, client: Any, redis_url: str) -> AsyncIterator[Callable[..., Any]]:
        """Make a user that may do all but what is said, and give their URL."""

        async def make(*rules: str) -> str:
            await client.execute_command("ACL", "SETUSER", "tenant", "reset", "on", ">secret", "~*", "+@all", *rules)
            return redis_url.replace("redis://", "redis://tenant:secret@", 1)

        yield make
        await client.execute_command("ACL", "DELUSER", "tenant")

    async def test_one_claims_and_the_other_is_given_what_is_pushed(self, redis_url: str) -> None:
        computed = entry()
        async with process(redis_url) as one, process(redis_url) as other:
            assert await one.claim([A, B]) == {A, B}
            assert await other.claim([A, B]) == set()
            task = await waiting(other, A)

            one.settle(A, computed)

            assert await soon(task) == computed

    async def test_a_released_lease_passes_on_at_once(self, redis_url: str) -> None:
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            one.settle(A, None)

            assert await soon(task) is None
            assert await other.claim([A]) == {A}

    async def test_an_ended_lease_is_free_when_its_wait_returns(self, redis_url: str) -> None:
        """Also in the last millisecond, which waits for the end of a lease often meet."""
        async with process(redis_url) as other, process(redis_url, lease_s=0.02) as one:
            for key in (Key(A + bytes([number])) for number in range(100)):
                assert await one.table.take([key]) == {key: True}  # and nothing renews it
                if not await other.claim([key]):
                    assert await other.wait(key) is None
                    assert await other.claim([key]) == {key}

    async def test_a_push_that_was_tampered_with_is_not_believed(self, redis_url: str, client: Any) -> None:
        forged = EntryFormat().seal(A, entry(b'{"prediction":"0"}')).replace(b'"0"', b'"2"')
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            await client.publish(CHANNEL, len(A).to_bytes(2, "little") + A + forged)

            assert await soon(task) is None
            assert other.corruptions == {Corruption.SEAL: 1}

    async def test_a_foreign_value_in_place_of_a_lease_is_ignored(self, redis_url: str, client: Any) -> None:
        forged = EntryFormat(b"another secret").seal(A, entry())
        async with process(redis_url) as other:
            await client.set(LEASE_OF_A, forged, px=30_000)
            assert await other.claim([A]) == set()

            assert await soon(other.wait(A)) is None
            assert other.corruptions == {Corruption.SEAL: 1}

    @pytest.mark.parametrize("left", [{"ex": 3600}, {}], ids=["an hour", "no end"])
    async def test_a_lease_without_a_plausible_end_is_not_waited_for(
        self, left: dict[str, int], redis_url: str, client: Any
    ) -> None:
        async with process(redis_url, lease_s=1.0) as other:
            await client.set(LEASE_OF_A, "held by no process", **left)
            assert await other.claim([A]) == set()

            async with patience():
                assert await other.wait(A) is None

    async def test_a_released_lease_is_no_corruption(self, redis_url: str) -> None:
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)
            one.settle(A, None)
            await soon(task)

            assert other.corruptions == {}

    async def test_a_broken_subscription_ends_all_waits_and_is_renewed(self, redis_url: str, client: Any) -> None:
        computed = entry()
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            assert await soon(task) is None
            again = await waiting(other, A)
            one.settle(A, computed)

            assert await soon(again) == computed

    async def test_a_flushed_server_loses_no_push(self, redis_url: str, client: Any) -> None:
        computed = entry()
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            await client.flushdb()
            one.settle(A, computed)

            assert await soon(task) == computed

    @pytest.mark.parametrize("lost", ["frozen", "cut"])
    async def test_without_the_server_no_wait_outlasts_the_lease(self, lost: str, redis_url: str, client: Any) -> None:
        async with gate_before(redis_url) as gate, process(gate.url, lease_s=2.0, budget_s=1.0) as other:
            await client.set(LEASE_OF_A, "held by another", px=2000)
            assert await other.claim([A, B]) == {B}
            task = await waiting(other, A)

            if lost == "frozen":
                gate.freeze()
            else:
                await gate.cut()

            assert await soon(task) is None
            assert await soon(other.claim([A, B])) == {A, B}
            gate.thaw()

    @pytest.mark.parametrize("rule", ["-subscribe", "-publish", "-@pubsub", "resetchannels"])
    async def test_a_process_that_may_not_subscribe_does_not_wait(
        self, rule: str, redis_url: str, user: Callable[..., Any]
    ) -> None:
        """A process that may not push waits for processes that probably may not either."""
        async with process(redis_url) as one, process(await user(rule)) as other:
            await one.claim([A])
            assert await other.claim([A]) == set()

            assert await soon(other.wait(A)) is None

    async def test_a_missing_permission_to_subscribe_is_logged_once(
        self,
        redis_url: str,
        user: Callable[..., Any],
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(pushes, "RETRY_S", 0.0)
        async with process(redis_url) as one, process(await user("-subscribe")) as other:
            await one.claim([A])
            for _ in range(3):
                assert await soon(other.wait(A)) is None

        [record] = [record for record in caplog.records if record.name.startswith("foreseen")]
        assert "pushes of other processes are not received" in record.getMessage()

    async def test_a_silent_subscription_is_pinged_and_kept(
        self, redis_url: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def has_been_asked_twice() -> bool:
            pings = (await client.info("commandstats")).get("cmdstat_ping", {"calls": 0})
            return int(pings["calls"]) >= 2

        monkeypatch.setattr(pushes, "SILENCE_S", 0.5)
        computed = entry()
        async with process(redis_url) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)
            await client.config_resetstat()
            async with patience():
                while not await has_been_asked_twice():  # noqa: ASYNC110 - the server has no event for it
                    await asyncio.sleep(0.05)

            one.settle(A, computed)

            assert await soon(task) == computed

    async def test_an_unanswered_subscription_is_dropped(self, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pushes, "SILENCE_S", 0.2)
        async with gate_before(redis_url) as gate, process(redis_url) as one, process(gate.url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            gate.freeze()

            assert await soon(task) is None
            gate.thaw()

    async def test_a_lost_process_is_noticed_when_its_lease_ends(
        self, redis_url: str, user: Callable[..., Any]
    ) -> None:
        computed = entry()
        async with process(await user("-publish"), lease_s=4.0) as one, process(redis_url) as other:
            await one.claim([A])
            task = await waiting(other, A)

            one.settle(A, computed)

            assert await soon(task) == computed

    async def test_a_process_that_may_not_write_computes(self, user: Callable[..., Any]) -> None:
        async with process(await user("-set")) as one:
            assert await one.claim([A]) == {A}

    async def test_a_process_that_may_not_log_in_computes(self, redis_url: str) -> None:
        async with process(redis_url.replace("redis://", "redis://nobody:wrong@", 1)) as one:
            assert await one.claim([A]) == {A}
            assert await one.wait(A) is None

    async def test_a_server_without_room_costs_no_answer(self, redis_url: str, client: Any) -> None:
        await client.config_set("maxmemory", "1")
        try:
            async with process(redis_url) as one, process(redis_url) as other:
                assert await one.claim([A]) == await other.claim([A]) == {A}
        finally:
            await client.config_set("maxmemory", "0")
