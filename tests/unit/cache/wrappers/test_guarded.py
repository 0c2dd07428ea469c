"""The guard: L2 may fail, stall, or be unreachable, and no answer fails with it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import pytest

from foreseen.adapters.cache.fault_policy.slow_calls import BAD_SLICES
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.domain.errors import Outage
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, entry
from support.fakes import DeadCache, DictCache
from support.time_limits import patience, soon
from support.virtual_time import in_virtual_time

BUDGET_S = 0.005


class StallingCache(DictCache):
    """A far tier that does not answer while it is stalled."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.asked = 0
        self.pings = 0
        self.was_pinged_often = asyncio.Event()
        self.is_closed = False

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        self.asked += 1
        await self.answers.wait()
        return await super().get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        self.asked += 1
        await self.answers.wait()
        await super().put_many(entries)

    async def ping(self) -> None:
        self.pings += 1
        if self.pings >= 5:
            self.was_pinged_often.set()
        await self.answers.wait()

    async def close(self) -> None:
        self.is_closed = True


class LatencyCache(DictCache):
    """A far tier that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.latency_s = 0.0
        self.pings = self.pings_now = self.most_pings_at_once = 0

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        await asyncio.sleep(self.latency_s)
        return await super().get_many(keys)

    async def ping(self) -> None:
        self.pings += 1
        self.pings_now += 1
        self.most_pings_at_once = max(self.pings_now, self.most_pings_at_once)
        try:
            await asyncio.sleep(self.latency_s)
        finally:
            self.pings_now -= 1

    async def is_pinged(self, times: int) -> None:
        """Wait until it has been pinged so often."""
        async with patience():
            while self.pings < times:  # noqa: ASYNC110 - a probe waits by the clock
                await asyncio.sleep(0.005)

    async def ask(self, cache: GuardedCache, *, slow: int = 0, fast: int = 0) -> None:
        """Look up so often, each call in a slice of time of its own."""
        for latency_s in [3 * BUDGET_S] * slow + [BUDGET_S / 50] * fast:
            self.latency_s = latency_s
            await cache.get_many([A])
            await asyncio.sleep(BUDGET_S)


class CountingCache(DeadCache):
    """An L2 that sets an event after five lookups."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked_often = asyncio.Event()

    async def ping(self) -> None:
        if self.asked >= 5:
            self.was_asked_often.set()
        await super().ping()


def probes() -> list[asyncio.Task[None]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "probe L2"]


async def until_in_use() -> None:
    """Wait for the probe, which ends when the tier answers."""
    async with patience():
        await asyncio.gather(*probes())


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name.startswith("foreseen")
    ]


async def test_a_failure_is_an_empty_answer(caplog: pytest.LogCaptureFixture) -> None:
    async with GuardedCache(DeadCache(), budget_s=1.0) as cache:
        assert await cache.get_many([A]) == {}
        await cache.put_many({A: entry()})

        assert cache.peek(A) is None
        assert not cache.is_in_use


async def test_it_starts_without_its_tier_and_logs_that_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with GuardedCache(DeadCache(), budget_s=1.0) as cache:
        for _ in range(5):
            await cache.get_many([A])

    assert said(caplog) == [
        "WARNING L2 disabled, predictions go on without it: unreachable",
    ]


async def test_a_failing_call_disables_the_tier_for_all_requests() -> None:
    inner = DeadCache()
    inner.is_alive = True
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=60.0) as cache:
        await cache.put_many({A: entry()})
        assert set(await cache.get_many([A])) == {A}

        inner.is_alive = False
        assert await cache.get_many([A]) == {}
        asked = inner.asked
        for _ in range(5):
            assert await cache.get_many([A]) == {}
            await cache.put_many({B: entry()})

        assert inner.asked == asked


async def test_it_comes_back_when_the_tier_answers_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    inner = CountingCache()
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=0.001, longest_wait_s=0.002) as cache:
        await soon(inner.was_asked_often.wait())  # the probe goes on without an answer
        was_in_use = cache.is_in_use

        inner.is_alive = True
        await until_in_use()
        await cache.put_many({A: entry()})

        assert set(await cache.get_many([A])) == {A}
    assert not was_in_use
    assert said(caplog) == [
        "WARNING L2 disabled, predictions go on without it: unreachable",
        "INFO L2 enabled again",
    ]


async def test_it_can_be_lost_and_found_more_than_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    inner = DeadCache()
    inner.is_alive = True
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=0.001, longest_wait_s=0.002) as cache:
        for _ in range(3):
            inner.is_alive = False
            await cache.get_many([A])
            inner.is_alive = True
            await until_in_use()

    assert [line.split()[0] for line in said(caplog)] == ["WARNING", "INFO"] * 3


async def test_concurrent_failures_are_logged_as_one(caplog: pytest.LogCaptureFixture) -> None:
    inner = DeadCache()
    inner.is_alive = True
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=60.0) as cache:
        inner.is_alive = False
        calls = [cache.get_many([A]) for _ in range(10)]

        assert await asyncio.gather(*calls) == [{}] * 10
        assert len(probes()) == 1
    assert len(said(caplog)) == 1


async def test_a_disabled_tier_reports_that_it_keeps_nothing() -> None:
    inner = DeadCache()
    inner.is_alive = True
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=0.001, longest_wait_s=0.002) as cache:
        keeps = [cache.keeps]

        inner.is_alive = False
        await cache.put_many({A: entry()})
        keeps.append(cache.keeps)

        inner.is_alive = True
        await until_in_use()
        keeps.append(cache.keeps)

    assert keeps == [True, False, True]


@in_virtual_time
async def test_a_call_costs_no_more_than_its_budget() -> None:
    inner = StallingCache()
    cache = GuardedCache(inner, budget_s=BUDGET_S)

    async with asyncio.timeout(5):  # of virtual time
        assert await cache.get_many([A]) == {}
        await cache.put_many({A: entry()})

    assert inner.entries == {}


@in_virtual_time
async def test_slow_calls_in_a_row_take_the_tier_out(caplog: pytest.LogCaptureFixture) -> None:
    inner = StallingCache()
    cache = GuardedCache(inner, budget_s=BUDGET_S, probe_after_s=60.0)

    states = []
    for call in (cache.get_many, cache.get_many, lambda keys: cache.put_many({keys[0]: entry()}), cache.get_many):
        await call([A])
        states.append(cache.is_in_use)
    await cache.__aexit__()

    assert states == [True, True, False, False]
    assert inner.asked == 3
    assert said(caplog) == ["WARNING L2 disabled, predictions go on without it: no answer within 5 ms, repeatedly"]


@in_virtual_time
async def test_a_slow_call_now_and_then_keeps_it_in_use() -> None:
    inner = LatencyCache()
    cache = GuardedCache(inner, budget_s=BUDGET_S)

    for _ in range(BAD_SLICES):
        await inner.ask(cache, slow=1)
        await inner.ask(cache, fast=9)

    assert cache.is_in_use
    assert not cache.outages


@in_virtual_time
async def test_slow_calls_among_fast_ones_take_the_tier_out() -> None:
    """Three in a row is what a frozen server does; one that stutters costs as much."""
    inner = LatencyCache()
    cache = GuardedCache(inner, budget_s=BUDGET_S, probe_after_s=60.0)

    for _ in range(BAD_SLICES):
        assert cache.is_in_use
        await inner.ask(cache, slow=1)
        await inner.ask(cache, fast=1)
    await cache.__aexit__()

    assert not cache.is_in_use
    assert cache.outages == {Outage.SLOWNESS: 1}


@in_virtual_time
async def test_an_instant_write_behind_shows_no_fast_tier() -> None:
    class Behind(StallingCache):
        async def put_many(self, entries: Mapping[Key, Entry]) -> None:
            self.entries |= entries

    cache = GuardedCache(Behind(), budget_s=BUDGET_S, probe_after_s=60.0)

    for _ in range(BAD_SLICES):
        await cache.get_many([A])
        for _ in range(20):
            await cache.put_many({A: entry()})
    await cache.__aexit__()

    assert not cache.is_in_use


@in_virtual_time
async def test_a_local_lookup_is_no_sign_of_a_fast_tier() -> None:
    """It waits to be written."""

    class Waiting(StallingCache):
        async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
            return {B: entry()} if keys == [B] else await super().get_many(keys)

    cache = GuardedCache(Waiting(), budget_s=BUDGET_S, probe_after_s=60.0)

    for _ in range(BAD_SLICES):
        await cache.get_many([A])
        for _ in range(20):
            await cache.get_many([B])
    await cache.__aexit__()

    assert not cache.is_in_use


async def test_the_reason_is_shown_until_it_is_enabled_again() -> None:
    inner = CountingCache()
    async with GuardedCache(inner, budget_s=1.0, probe_after_s=0.001, longest_wait_s=0.002) as cache:
        assert cache.disabled_by == "unreachable"

        inner.is_alive = True
        await until_in_use()

        assert cache.disabled_by == ""
        assert cache.outages == {Outage.FAILURE: 1}


@in_virtual_time
async def test_a_tier_that_answers_probes_too_slowly_stays_disabled() -> None:
    inner = LatencyCache()
    inner.latency_s = 0.05
    cache = GuardedCache(inner, budget_s=BUDGET_S, probe_after_s=0.001, longest_wait_s=0.002)
    for _ in range(BAD_SLICES):
        await cache.get_many([A])
    await inner.is_pinged(6)
    was_in_use = cache.is_in_use

    inner.latency_s = 0.0
    await until_in_use()

    assert not was_in_use
    assert cache.is_in_use


@in_virtual_time
async def test_one_probe_is_under_way_at_a_time() -> None:
    inner = LatencyCache()
    inner.latency_s = 0.02
    async with GuardedCache(inner, budget_s=0.001, probe_after_s=0.001, longest_wait_s=0.001) as cache:
        for _ in range(BAD_SLICES):
            await asyncio.gather(*(cache.get_many([A]) for _ in range(20)))
        await inner.is_pinged(6)

    assert inner.most_pings_at_once == 1


@in_virtual_time
async def test_a_tier_that_stalls_on_the_probe_stays_out(caplog: pytest.LogCaptureFixture) -> None:
    inner = StallingCache()
    async with GuardedCache(
        inner, budget_s=BUDGET_S, probe_after_s=0.001, longest_wait_s=0.002, connect_budget_s=0.0
    ) as cache:
        await soon(inner.was_pinged_often.wait())
        was_in_use = cache.is_in_use

        inner.answers.set()
        await until_in_use()

        assert cache.is_in_use
    assert not was_in_use
    assert said(caplog)[0].endswith("no answer within 10 ms")


@in_virtual_time
async def test_a_call_of_many_keys_has_the_time_they_need() -> None:
    """As many keys as a file's chunk holds, at a tenth of a millisecond each."""
    inner = StallingCache()
    cache = GuardedCache(inner, budget_s=0.0)
    asyncio.get_running_loop().call_later(0.02, inner.answers.set)
    keys = [Key(b"n" * 16 + row.to_bytes(4, "little")) for row in range(20_000)]

    await cache.get_many(keys)

    assert inner.lookups == [20_000]


async def test_closing_ends_the_probe_and_closes_the_tier() -> None:
    inner = StallingCache()
    before = asyncio.all_tasks()

    async with GuardedCache(inner, budget_s=BUDGET_S, probe_after_s=0.001, connect_budget_s=0.001):
        assert len(probes()) == 1

    assert asyncio.all_tasks() == before
    assert inner.is_closed


async def test_closing_a_tier_in_use_closes_it_too() -> None:
    inner = StallingCache()
    inner.answers.set()

    async with GuardedCache(inner, budget_s=BUDGET_S) as cache:
        assert cache.is_in_use

    assert inner.is_closed


async def test_a_caller_that_leaves_is_no_fault_of_the_tier() -> None:
    inner = StallingCache()
    cache = GuardedCache(inner, budget_s=60.0)
    calls = [asyncio.create_task(cache.get_many([A])) for _ in range(BAD_SLICES + 1)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)

    assert all(call.cancelled() for call in calls)
    assert cache.is_in_use


async def test_a_mistake_of_our_own_is_not_hidden() -> None:
    class Broken(DictCache):
        async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
            raise AttributeError("ours")

    with pytest.raises(AttributeError, match="ours"):
        await GuardedCache(Broken(), budget_s=1.0).get_many([A])


async def test_peek_is_passed_on() -> None:
    class Near(DictCache):
        def peek(self, key: Key) -> Entry | None:
            return self.entries.get(key)

    inner, kept = Near(), entry()
    await inner.put_many({A: kept})

    assert GuardedCache(inner, budget_s=1.0).peek(A) == kept


@in_virtual_time
async def test_calls_that_wait_for_one_slow_reply_count_once() -> None:
    """A gathered lookup that overruns is overrun by everybody who waits for it."""
    inner = StallingCache()
    cache = GuardedCache(inner, budget_s=BUDGET_S)

    states = []
    for _ in range(BAD_SLICES):
        await asyncio.gather(*(cache.get_many([A]) for _ in range(10)))
        states.append(cache.is_in_use)
    await cache.__aexit__()

    assert states == [True] * (BAD_SLICES - 1) + [False]
