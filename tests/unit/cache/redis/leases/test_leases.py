"""Leases: of two processes one computes and the other hears of it; whatever is in doubt is computed by both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import fakeredis
import pytest

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B
from support.counting_leases import CountingTable, table_of, waiting
from support.event_loop_steps import other_tasks, settle, until
from support.fakes import Clock
from support.faulty_redis_servers import lying_server
from support.own_port import own_port
from support.time_limits import patience

NAME = "foreseen:iris:lease:" + "6e" * 8 + ":61"
"""The lease of key A as text."""

CHANNEL = "foreseen:iris:pushes"
LONG_S = 30.0
"""A lease that does not end during a test."""

Build = Callable[..., RedisLeases]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> fakeredis.FakeServer:
    return fakeredis.FakeServer()


@pytest.fixture
async def client(server: fakeredis.FakeServer) -> AsyncIterator[Any]:
    async with fakeredis.FakeAsyncRedis(server=server) as client:
        yield client


@pytest.fixture
async def process(server: fakeredis.FakeServer, clock: Clock) -> AsyncIterator[Build]:
    """Build the leases of one process more, on the same server."""
    async with AsyncExitStack() as stack:
        built: list[RedisLeases] = []

        def build(**given: Any) -> RedisLeases:
            leases = on(*(fakeredis.FakeAsyncRedis(server=server) for _ in range(2)), clock=clock, **given)
            built.append(leases)
            return leases

        yield build
        for leases in built:
            await stack.enter_async_context(leases)


def on(
    speaker: Any, listener: Any, *, clock: Clock, lease_s: float = LONG_S, budget_s: float = 5.0, secret: bytes = b""
) -> RedisLeases:
    servers = OneServer(speaker, listener=listener)
    return RedisLeases(
        CountingTable(servers, model_name="iris", lease_s=lease_s),
        RedisPushes(servers, model_name="iris"),
        lease_s=lease_s,
        kept_above_s=5e-6,
        budget_s=budget_s,
        lifetime=Lifetime(100.0),
        entry_format=EntryFormat(secret),
        clock=clock,
    )


def entry(clock: Clock, body: bytes = b"1", cost_us: int = 7) -> Entry:
    return Entry(body, int(clock() * 1e6), cost_us)


async def published() -> None:
    """Wait until all that is settled was published."""
    async with patience():
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "settle leases"))


async def done(task: asyncio.Task[Entry | None]) -> Entry | None:
    async with patience():
        return await task


async def test_a_lease_is_readable_text_that_expires(process: Build, client: Any) -> None:
    await process(lease_s=2.0).claim([A])

    assert await client.keys() == [NAME.encode()]
    assert (await client.get(NAME)).startswith(b"held by ")
    assert 1_000 < await client.pttl(NAME) <= 2_000


async def test_one_of_two_claimants_gets_the_lease(process: Build) -> None:
    one, other = process(), process()

    assert await one.claim([A]) == {A}
    assert await other.claim([A, B]) == {B}


async def test_claims_of_one_turn_are_sent_together_and_answered_each(process: Build) -> None:
    one = process()
    many = [Key(b"n" * 16 + row.to_bytes(2)) for row in range(1500)]

    first, second = await asyncio.gather(one.claim(many[:1000]), one.claim(many[1000:]))

    assert first == set(many[:1000])
    assert second == set(many[1000:])
    assert await process().claim(many) == set()


async def test_a_waiting_process_receives_the_pushed_entry(process: Build, client: Any, clock: Clock) -> None:
    one, other = process(), process()
    await one.claim([A])
    task = await waiting(other, A)

    one.settle(A, entry(clock, b"computed"))

    assert await done(task) == entry(clock, b"computed")


async def test_a_wait_after_the_push_returns_the_same_entry(process: Build, client: Any, clock: Clock) -> None:
    """The entry is written behind the answer: it may not be in its tier yet."""
    one, other = process(), process()
    await one.claim([A])
    one.settle(A, entry(clock, b"computed"))
    await published()

    assert await other.claim([A]) == set()
    assert await other.wait(A) == entry(clock, b"computed")


async def test_a_computed_entry_outlives_every_lease_that_it_replaced(
    process: Build, client: Any, clock: Clock
) -> None:
    """A process that missed the push looks when the lease ends that it saw, and may be late on a busy machine."""
    one = process(lease_s=2.0)
    await one.claim([A])
    one.settle(A, entry(clock))
    await one.__aexit__()

    assert 5_000 < await client.pttl(NAME) <= 6_000


async def test_a_slow_renewal_does_not_shorten_a_kept_entry(
    process: Build, client: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(lease_s=0.6)
    table, may_go = table_of(one), asyncio.Event()
    renew, began = table.renew, asyncio.Event()

    async def slow(keys: Sequence[Key]) -> None:
        began.set()
        await may_go.wait()
        await renew(keys)

    monkeypatch.setattr(table, "renew", slow)
    await one.claim([A])
    await began.wait()
    one.settle(A, entry(clock))
    await settle()
    may_go.set()
    await published()

    assert await client.pttl(NAME) > 600


async def test_a_cheap_entry_is_pushed_and_not_kept(process: Build, client: Any, clock: Clock) -> None:
    one, other = process(), process()
    await one.claim([A])
    task = await waiting(other, A)

    one.settle(A, entry(clock, cost_us=4))

    assert await done(task) == entry(clock, cost_us=4)
    assert await client.keys() == []


async def test_a_released_lease_is_free_and_ends_waits(process: Build, client: Any) -> None:
    one, other = process(), process()
    await one.claim([A])
    task = await waiting(other, A)

    one.settle(A, None)

    assert await done(task) is None
    assert await other.claim([A]) == {A}


async def test_settling_an_unclaimed_key_publishes_nothing(process: Build, client: Any, clock: Clock) -> None:
    one = process()
    one.settle(A, entry(clock))
    one.settle(B, None)

    assert await client.keys() == []
    assert other_tasks() == set()


async def test_a_process_releases_only_its_own_lease(process: Build, client: Any) -> None:
    """Ours has ended meanwhile."""
    one, other = process(), process()
    await one.claim([A])
    await client.delete(NAME)
    await other.claim([A])

    one.settle(A, None)
    await one.__aexit__()

    assert await process().claim([A]) == set()


async def test_a_dead_process_is_waited_for_until_its_lease_ends(process: Build, client: Any) -> None:
    await client.set(NAME, "held by a process that is no more", px=200)
    other = process(lease_s=0.2)

    async with patience():
        assert await other.wait(A) is None
    assert await other.claim([A]) == {A}


async def test_a_lease_is_renewed_and_awaited_while_it_is_held(process: Build, client: Any, clock: Clock) -> None:
    one, other = process(lease_s=1.5), process(lease_s=1.5)
    await one.claim([A])
    task = await waiting(other, A)

    await until(lambda: table_of(one).renewals > 3)  # at a third of the lease each
    assert not task.done()
    assert await other.claim([A]) == set()
    one.settle(A, entry(clock))

    assert await done(task) == entry(clock)


async def test_no_task_runs_while_no_lease_is_held(process: Build, clock: Clock) -> None:
    one = process(lease_s=0.05)
    await one.claim([A])
    one.settle(A, entry(clock))

    await until(lambda: not other_tasks())


@pytest.mark.parametrize("kind", ["changed", "of another key", "nothing at all", "without its secret"])
async def test_a_push_that_does_not_verify_is_not_believed(
    kind: str, process: Build, client: Any, clock: Clock
) -> None:
    other = process(secret=b"ours")
    await process(secret=b"ours").claim([A])
    task = await waiting(other, A)
    blob = {
        "changed": EntryFormat(b"ours").seal(A, entry(clock)).replace(b"1", b"2"),
        "of another key": EntryFormat(b"ours").seal(B, entry(clock)),
        "nothing at all": b"",
        "without its secret": EntryFormat().seal(A, entry(clock)),
    }[kind]

    await client.publish(CHANNEL, len(A).to_bytes(2, "little") + A + blob)

    assert await done(task) is None


async def test_an_entry_that_replaced_a_lease_has_to_verify(process: Build, client: Any, clock: Clock) -> None:
    await client.set(NAME, EntryFormat().seal(A, entry(clock)).replace(b"1", b"2"), px=10_000)

    assert await process().wait(A) is None


async def test_an_expired_entry_is_not_used(process: Build, client: Any, clock: Clock) -> None:
    await client.set(NAME, EntryFormat().seal(A, entry(clock)), px=10_000)
    clock.pass_s(111)

    assert await process().wait(A) is None


async def test_a_lease_without_an_end_is_nobodys(process: Build, client: Any) -> None:
    await client.set(NAME, "held by somebody who forgot when")

    assert await process().wait(A) is None


@pytest.mark.parametrize("message", [b"", b"\xff", b"\xff\xff", b"\x01\x00", b"\x10\x00nobody waits for", "text", 7])
async def test_other_messages_on_the_channel_are_ignored(
    message: Any, process: Build, client: Any, clock: Clock
) -> None:
    one, other = process(), process()
    await one.claim([A])
    task = await waiting(other, A)

    await client.publish(CHANNEL, message)
    one.settle(A, entry(clock))

    assert await done(task) == entry(clock)


async def test_a_cancelled_wait_disturbs_no_other_wait(process: Build, client: Any, clock: Clock) -> None:
    one, other = process(), process()
    await one.claim([A])
    leaving, staying = await waiting(other, A), await waiting(other, A)

    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    one.settle(A, entry(clock))

    assert await done(staying) == entry(clock)


class TestAfterFailures:
    @pytest.fixture
    async def away(self, clock: Clock) -> AsyncIterator[RedisLeases]:
        """Leases on a port where nothing listens."""
        with own_port() as port:
            url = f"redis://127.0.0.1:{port}/0"
            async with (
                connect_redis(url, timeout_s=5, max_connections=2) as speaker,
                connect_redis(url, timeout_s=5, max_connections=1) as listener,
                on(speaker, listener, clock=clock) as leases,
            ):
                yield leases

    async def test_without_a_server_every_claim_succeeds_at_once(self, away: RedisLeases) -> None:
        assert await away.claim([A, B]) == {A, B}
        assert await away.wait(A) is None

    async def test_keys_claimed_without_a_server_are_settled_silently(
        self, away: RedisLeases, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await away.claim([A, B])
        away.settle(A, entry(clock))
        away.settle(B, None)
        await published()

        assert caplog.records == []

    async def test_after_a_failure_no_lease_is_requested_for_a_while(
        self, process: Build, server: fakeredis.FakeServer
    ) -> None:
        one, other = process(), process()
        server.connected = False
        assert await one.claim([A]) == {A}

        server.connected = True
        assert await other.claim([B]) == {B}

        assert await one.claim([B]) == {B}

    @pytest.mark.parametrize("reply", [b"+PONG\r\n", b":1\r\n", b"$1\r\nx\r\n", b"*0\r\n", b"-OOM no room\r\n", b"?"])
    async def test_a_lying_server_delays_no_caller(self, reply: bytes, clock: Clock) -> None:
        async with (
            lying_server(reply) as url,
            connect_redis(url, timeout_s=1, max_connections=2) as speaker,
            connect_redis(url, timeout_s=1, max_connections=1) as listener,
            on(speaker, listener, clock=clock, budget_s=0.5, lease_s=1.0) as leases,
            patience(),
        ):
            claimed = await leases.claim([A])
            found = [await leases.wait(key) for key in {A} - claimed]

        assert found in ([], [None])


async def test_leases_are_no_predictions_that_an_operator_sees(process: Build, client: Any, clock: Clock) -> None:
    one = process()
    await one.claim([A, B])
    one.settle(A, entry(clock))
    await one.__aexit__()

    assert [held async for held in RedisInventory(OneServer(client)).held()] == []
    assert await RedisInventory(OneServer(client)).purge() == 0
