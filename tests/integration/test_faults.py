"""Whatever goes wrong with Redis costs time, never an answer: real processes, a real server, and clients that send on.

`make faults` runs them for longer, and writes what they measured to docs/faults.md.
"""

import asyncio
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.domain.errors import Corruption
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, entry
from support.fault_load import CLIENTS, LONG_S, WARM, fault_load, telling_model
from support.fault_measurements import (
    BACK_S,
    BUDGET,
    BUDGET_S,
    FAULT_S,
    HEALTHY_S,
    MOST_S,
    OPTIONS,
    OUT_S,
    measured,
    said_of_it,
    seconds_until,
    seen_in_health,
)
from support.fault_proxy import Fault, fault_proxy
from support.fault_table import FaultTable
from support.own_valkey import own_valkey
from support.processes import WITHOUT_TLS, served, wait_until
from support.redis_faults import TROUBLES, Stage, Trouble
from support.time_limits import patience

FAILURES = 'l2_outages_total{reason="failure"}'
SLOWNESS = 'l2_outages_total{reason="slowness"}'
GIANT_BYTES = 100 * 2**20
PASSWORD = "hush-hush"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return telling_model(tmp_path_factory.mktemp("telling"))


@pytest.fixture(scope="module")
def stage(model: Path) -> Iterator[Stage]:
    """One service for all faults, since each is to leave it as it was."""
    with ExitStack() as stack:
        server = stack.enter_context(own_valkey())
        proxy = stack.enter_context(fault_proxy(server.url))
        running = stack.enter_context(served(model, *OPTIONS, *BUDGET, "--redis-url", with_password(proxy.url)))
        load = stack.enter_context(fault_load(running.url))
        wait_until(lambda: load.seen.origins["foreseen; hit; detail=L2"] > 20)
        stage = Stage(server, proxy, running, load)
        stack.enter_context(stage.client)
        yield stage


def with_password(url: str, password: str = PASSWORD) -> str:
    return url.replace("redis://", f"redis://:{password}@", 1)


@pytest.fixture(scope="module")
def table() -> Iterator[FaultTable]:
    table = FaultTable()
    yield table
    if LONG_S:
        table.write(Path(__file__).parents[2] / "docs" / "faults.md")


def test_absent_at_the_start_then_refusing_the_password_then_there(model: Path, table: FaultTable) -> None:
    with own_valkey() as server, fault_proxy(server.url) as proxy:
        proxy.set(Fault.REFUSE)
        server.require("right")
        with (
            served(model, *OPTIONS, *BUDGET, "--redis-url", with_password(proxy.url)) as running,
            fault_load(running.url) as load,
            httpx.Client(**WITHOUT_TLS) as client,
        ):
            stage = Stage(server, proxy, running, load, client)
            assert not stage.is_in_use()
            time.sleep(LONG_S)
            wait_until(lambda: load.seen.answered > 50 and load.seen.is_enough)
            absent = load.taken()

            proxy.set(Fault.NONE)
            time.sleep(0.3)
            assert not stage.is_in_use()
            refused = load.taken()

            server.require(PASSWORD)
            back_s = seconds_until(stage.is_in_use, at_most_s=BACK_S)
            wait_until(lambda: load.seen.origins["foreseen; hit; detail=L2"] > 0)
            healthy = seen_in_health(load)

            for seen in (absent, refused, healthy):
                assert (seen.wrong, seen.failed) == ([], [])
            assert back_s is not None
            wait_until(lambda: len(said_of_it(running)) > 1)
            said = said_of_it(running)
            assert ["L2 disabled" in line for line in said[:2]] == [True, False]
            assert "onnect" in said[0]
            assert PASSWORD not in "".join(running.err)
            table.add(measured("absent at the start", healthy, absent, 0.0, back_s))


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_fault_costs_time_and_no_answer(trouble: Trouble, stage: Stage, table: FaultTable) -> None:
    wait_until(stage.is_in_use)  # a busy machine may have made it slow all by itself
    lines_before, failures, slow = len(stage.running.err), stage.scraped(FAILURES), stage.scraped(SLOWNESS)
    healthy = seen_in_health(stage.load)
    counted = stage.scraped(trouble.counts) if trouble.counts else 0.0

    trouble.begin(stage)
    out_s = seconds_until(lambda: not stage.is_in_use(), at_most_s=max(FAULT_S, OUT_S if trouble.goes_out else 0.0))
    begun, answered = stage.lookups_while_out(), stage.load.seen.answered
    time.sleep(max(0.0, FAULT_S - (out_s or FAULT_S)))
    wait_until(lambda: stage.load.seen.answered >= answered + 3 * CLIENTS)
    ended = stage.lookups_while_out()
    wait_until(lambda: stage.load.seen.is_enough)

    def is_logged() -> bool:
        """A closed connection may be noticed first, its cause by a probe; a busy machine makes Redis slow before."""
        return any(trouble.says in line for line in stage.running.err[lines_before:]) or (
            stage.scraped(SLOWNESS) > slow
        )

    if trouble.goes_out:
        wait_until(is_logged)
    else:  # which it is only while Redis is in use: a busy machine may have made it slow
        wait_until(lambda: stage.scraped(trouble.counts) > counted)
    trouble.end(stage)
    ill = stage.load.taken()
    back_s = seconds_until(stage.is_in_use, at_most_s=BACK_S)
    wait_until(lambda: stage.load.seen.origins["foreseen; hit; detail=L2"] > 0)
    after = stage.load.taken()

    for seen in (healthy, ill, after):
        assert seen.wrong == []
        assert seen.failed == []
        assert max(max(each, default=0.0) for each in seen.seconds.values()) < MOST_S
    assert back_s is not None
    assert out_s is not None if trouble.goes_out else stage.scraped(FAILURES) == failures
    if trouble.goes_out:
        assert begun is not None
        # However busy the machine is: of all requests meanwhile none waited for Redis, unless a probe got through. What
        # was under way, at most one of each client, is counted when it is given up.
        assert ended is None or ended[0] > begun[0] or ended[1] - begun[1] <= CLIENTS
    figures = measured(trouble.name, healthy, ill, out_s, back_s if trouble.goes_out else None)
    table.add(figures)
    if LONG_S:  # of a few requests beside other tests a quantile says nothing
        beyond = {case: ms for case, ms in figures.added_ms.items() if ms > BUDGET_S * 1000}
        assert beyond == {}, "a request waited for Redis, or this machine is busy with something else"

    def is_logged_each_time() -> bool:
        """What is written before an answer may be read after it; and by now it may be out again, for a while."""
        said = said_of_it(stage.running)
        return ["L2 disabled" in line for line in said] == [True, False] * int(stage.scraped("l2_outages"))

    wait_until(is_logged_each_time)
    assert PASSWORD not in "".join(stage.running.err)
    # One that is in use for less than it was waited for has not recovered: the next trouble would last longer.
    time.sleep(max(0.0, 1.2 * back_s - HEALTHY_S))


def test_a_giant_value_under_a_key_is_overwritten(stage: Stage) -> None:
    row = struct.pack("<d", WARM[0]).hex()
    with stage.server.client as client:
        wait_until(lambda: len(client.keys(f"foreseen:*:{row}")) == 1)
        [name] = client.keys(f"foreseen:*:{row}")
        client.set(name, bytes(GIANT_BYTES))
        wait_until(lambda: client.strlen(name) < 1000)

    seen = stage.load.taken()
    assert (seen.wrong, seen.failed) == ([], [])


async def test_a_giant_is_counted_and_its_neighbours_are_found(redis_url: str) -> None:
    client = connect_redis(redis_url, timeout_s=30.0, max_connections=4)
    cache = RedisCache(OneServer(client), model_name="iris", lifetime=Lifetime(3600.0), entry_format=EntryFormat())
    kept = {Key(b"n" * 16 + bytes([number])): entry() for number in range(100)}
    await cache.put_many(kept)
    giant, a_list, *rest = kept
    name = "foreseen:iris:" + "6e" * 8 + ":%02x"
    await client.set(name % 0, bytes(GIANT_BYTES))
    await client.delete(name % 1)
    await client.rpush(name % 1, "a list")

    assert await cache.get_many([giant, a_list, *rest]) == {key: kept[key] for key in rest}
    assert cache.corruptions == {Corruption.SIZE: 1}

    await cache.put_many(kept)
    assert await cache.get_many(list(kept)) == kept
    await cache.close()


async def test_every_entry_that_was_tampered_with_is_counted(redis_url: str) -> None:
    keys = [Key(b"n" * 16 + bytes([number])) for number in range(100)]
    with fault_proxy(redis_url) as proxy:
        client = connect_redis(proxy.url, timeout_s=30.0, max_connections=4)
        cache = RedisCache(OneServer(client), model_name="iris", lifetime=Lifetime(3600.0), entry_format=EntryFormat())
        await cache.put_many({key: entry() for key in keys})
        proxy.set(Fault.TAMPER)

        assert await cache.get_many(keys) == {}
        assert cache.corrupt == proxy.spoilt == 100
        proxy.set(Fault.NONE)
        assert len(await cache.get_many(keys)) == 100
        await cache.close()


async def test_waiting_for_a_connection_counts_into_the_budget(redis_url: str) -> None:
    """The one connection waits for a server that does not answer, for a minute."""
    with fault_proxy(redis_url) as proxy:
        client = connect_redis(proxy.url, timeout_s=60.0, max_connections=1)
        far = RedisCache(OneServer(client), model_name="iris", lifetime=Lifetime(3600.0), entry_format=EntryFormat())
        async with GuardedCache(far, budget_s=0.1) as cache:
            proxy.set(Fault.SILENCE)
            waiting = asyncio.create_task(far.get_many([A]))
            await asyncio.sleep(0)

            async with patience():
                assert await asyncio.gather(*(cache.get_many([B]) for _ in range(20))) == [{}] * 20
                await cache.put_many({B: entry()})

            assert not waiting.done()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
