"""Overload in real processes: one computation for a thousand, a bounded queue, and nothing left of those who leave."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.counting_leases import wait_until_another_waits
from support.disconnecting_client import Asking, RawReply
from support.example_counts import cases
from support.held_model import Holding, Holds
from support.models import save
from support.process_facts import held
from support.processes import Served, served, wait_until, wait_until_heard
from support.time_limits import patience

ORDINARY = {"content-type": "application/json; charset=utf-8"}
"""What is not answered in front of the application."""

PATIENT = ("--redis-timeout", "60s", "--lease", "600s")
"""So that on a busy machine Redis answers in time, and no process is taken for dead."""

BUSY = 1
"""The number that keeps the model busy."""

AT_ONCE = 50
"""Connections that are opened at once."""

Start = Callable[..., Served]


@pytest.fixture
def holds(tmp_path: Path) -> Holds:
    return Holds(tmp_path)


@pytest.fixture
def start(holds: Holds, tmp_path: Path) -> Iterator[Start]:
    """Start a service around a model that takes as long as it is held."""
    model = save(Holding(tmp_path), tmp_path)
    with ExitStack() as stack:

        def start(*args: object) -> Served:
            common = ("--features", "number", "--rows-per-call", "0", "--stop-timeout", "1h")
            return stack.enter_context(served(model, *common, *args, module="support.serve_with_patient_waits"))

        yield start
        holds.let_go()


async def ask(running: Served, number: int, headers: Mapping[str, str] | None = None) -> Asking:
    return await Asking.post(running.url, json.dumps({"number": number}).encode(), headers)


async def send_all(each: Sequence[Served], number: int) -> list[Asking]:
    """Send each service a request per mention, a few at a time: first bytes have to follow a connection in seconds."""
    groups = [each[start : start + AT_ONCE] for start in range(0, len(each), AT_ONCE)]
    return [asking for group in groups for asking in await asyncio.gather(*(ask(one, number) for one in group))]


async def replies(asking: Sequence[Asking]) -> list[RawReply]:
    return list(await asyncio.gather(*(each.reply() for each in asking)))


def metric(running: Served, name: str) -> int:
    found = re.search(rf"^foreseen_{re.escape(name)} (\d+)", running.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return int(found[1])


async def become(running: Served, name: str, value: int) -> None:
    """Wait until a number is shown."""
    async with patience():
        while await asyncio.to_thread(metric, running, name) != value:  # noqa: ASYNC110 - the service has no event for it
            await asyncio.sleep(0.02)


async def begun(holds: Holds, number: int) -> None:
    """Wait until the model has begun on a number that is held."""
    await asyncio.to_thread(wait_until, lambda: holds.has_begun(number))


async def busy(running: Served, holds: Holds) -> Asking:
    """Keep the model busy until it is let go."""
    holds.hold(BUSY)
    asking = await ask(running, BUSY)
    await begun(holds, BUSY)
    return asking


async def heard(running: Served) -> None:
    """Wait until it has begun on all its requests."""
    await asyncio.to_thread(wait_until_heard, running)


def leaves_nothing(running: Served) -> None:
    """Hold a service to answering as before, and to ending: it would wait an hour for tasks and connections."""
    assert running.post({"number": 999}).status_code == 200
    assert metric(running, "model_waiting_instances") == 0
    assert running.stop() == 0
    assert running.complaints == []


def test_a_thousand_clients_with_one_new_input_cost_one_row(start: Start, holds: Holds) -> None:
    running = start()
    holds.hold(3)

    async def send_and_read() -> list[RawReply]:
        asking = await send_all([running] * 1000, 3)
        await heard(running)
        holds.let_go()
        return await replies(asking)

    answered = asyncio.run(send_and_read())

    assert {(reply.status, reply.body) for reply in answered} == {(200, b'{"prediction":6.0}')}
    assert sum(reply.headers["cache-status"] == "foreseen; fwd=miss; collapsed" for reply in answered) == 999
    assert metric(running, "model_rows_total") == 1
    leaves_nothing(running)


@pytest.mark.parametrize(("lease_min_cost", "rows"), cases(("0.001ms", 1), long=[("1h", 2)]))
def test_a_thousand_clients_of_two_replicas_cost_two_rows(
    start: Start, holds: Holds, redis_url: str, lease_min_cost: str, rows: int
) -> None:
    shared = ("--cache", "tiered", "--redis-url", redis_url, *PATIENT, "--lease-min-cost", lease_min_cost)
    replicas = [start(*shared) for _ in range(2)]
    for number, running in enumerate(replicas):  # while the cost of a row is unknown, leases are used
        assert running.post({"number": 100 + number}).status_code == 200
    holds.hold(3)

    async def send_and_read() -> list[RawReply]:
        asking = await send_all(replicas * 500, 3)
        await begun(holds, 3)
        for running in replicas:
            await heard(running)
        holds.let_go()
        return await replies(asking)

    answered = asyncio.run(send_and_read())

    assert {(reply.status, reply.body) for reply in answered} == {(200, b'{"prediction":6.0}')}
    assert sum(metric(running, "model_rows_total") for running in replicas) == 2 + rows


def test_a_full_queue_rejects_misses_and_answers_hits(start: Start, holds: Holds) -> None:
    running = start("--max-waiting", 10)
    assert running.post({"number": 50}).status_code == 200

    async def overload() -> tuple[list[RawReply], list[RawReply]]:
        slow = await busy(running, holds)
        asking = [await ask(running, number, headers=ORDINARY if number % 2 else {}) for number in range(100, 130)]
        await become(running, 'rejected_requests_total{status="503",type="overloaded"}', 20)
        joining = await ask(running, 100)
        hits = [await (await ask(running, 50)).reply() for _ in range(200)]
        assert metric(running, "model_waiting_instances") == 10  # while the model has answered nothing
        holds.let_go()
        return await replies([slow, joining, *asking]), hits

    (slow, joining, *answered), hits = asyncio.run(overload())

    assert {(hit.status, hit.headers["cache-status"]) for hit in hits} == {(200, "foreseen; hit; detail=L1")}
    assert [slow.status, joining.status] == [200, 200]
    assert [reply.status for reply in answered] == [200] * 10 + [503] * 20
    assert {reply.body for reply in answered[:10]} == {b'{"prediction":%d.0}' % (2 * n) for n in range(100, 110)}
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in answered[10:])
    leaves_nothing(running)


def test_inputs_of_disconnected_clients_are_not_computed(start: Start, holds: Holds) -> None:
    running = start()
    assert running.post({"number": 998}).status_code == 200  # which begins the model's thread
    wait_until(lambda: held(running.process.pid).threads > 1)
    before = held(running.process.pid)
    rng = random.Random(7)

    async def leave() -> list[RawReply]:
        slow = await busy(running, holds)
        asking = [await ask(running, 100 + n, headers=ORDINARY if n % 2 else {}) for n in range(100)]
        await become(running, "model_waiting_instances", 100)
        rng.shuffle(asking)
        for each in asking[:60]:
            await each.hang_up(rudely=rng.random() < 0.5)
        await become(running, "model_waiting_instances", 40)
        holds.let_go()
        return await replies([slow, *asking[60:]])

    answered = asyncio.run(leave())

    assert {reply.status for reply in answered} == {200}
    assert metric(running, "model_rows_total") == 1 + 1 + 40
    assert metric(running, 'rejected_requests_total{status="400",type="disconnected"}') == 60
    wait_until(lambda: held(running.process.pid).files <= before.files)  # a connection is one
    assert held(running.process.pid).threads <= before.threads
    leaves_nothing(running)


def test_a_client_that_has_sent_much_is_seen_to_disconnect(start: Start, holds: Holds) -> None:
    """The server stops reading from who sends much at once."""
    running = start()
    many = json.dumps({"instances": [[number + 0.1234567890123] for number in range(9000)]}).encode()
    assert len(many) > 128 * 1024

    async def leave() -> RawReply:
        slow = await busy(running, holds)
        for route in ({}, ORDINARY):
            asking = await Asking.post(running.url, many, route)
            await become(running, "model_waiting_instances", 9000)
            await asking.hang_up()
            await become(running, "model_waiting_instances", 0)
        holds.let_go()
        return await slow.reply()

    assert asyncio.run(leave()).status == 200
    assert metric(running, "model_rows_total") == 1
    leaves_nothing(running)


def test_coalesced_requests_outlive_the_first_caller(start: Start, holds: Holds) -> None:
    running = start()

    async def leave() -> list[RawReply]:
        slow = await busy(running, holds)
        first = await ask(running, 7)
        await become(running, "model_waiting_instances", 1)
        others = [await ask(running, 7, headers=route) for route in ({}, ORDINARY)]
        computing = [await ask(running, BUSY) for _ in range(2)]
        await heard(running)
        await first.hang_up()
        await slow.hang_up()
        await become(running, 'rejected_requests_total{status="400",type="disconnected"}', 2)
        holds.let_go()
        return await replies([*others, *computing])

    answered = asyncio.run(leave())

    assert [reply.body for reply in answered] == [b'{"prediction":14.0}'] * 2 + [b'{"prediction":2.0}'] * 2
    assert {reply.headers["cache-status"] for reply in answered} == {"foreseen; fwd=miss; collapsed"}
    assert metric(running, "model_rows_total") == 2
    leaves_nothing(running)


def test_a_disconnect_releases_the_lease_that_another_replica_awaits(
    start: Start, holds: Holds, redis_url: str
) -> None:
    shared = ("--cache", "tiered", "--redis-url", redis_url, *PATIENT, "--lease-min-cost", "1ms")
    one, other = (start(*shared) for _ in range(2))

    async def leave() -> tuple[RawReply, RawReply]:
        slow = await busy(one, holds)
        leader = await ask(one, 7)
        await become(one, "model_waiting_instances", 1)
        waiting = await ask(other, 7)
        await asyncio.to_thread(wait_until_another_waits, redis_url)
        assert metric(other, "model_calls_total") == 0
        await leader.hang_up()
        reply = await waiting.reply()
        assert metric(one, "model_calls_total") == 0  # it still computes what keeps it busy
        holds.let_go()
        return reply, await slow.reply()

    reply, slow = asyncio.run(leave())

    assert (reply.status, reply.body) == (200, b'{"prediction":14.0}')
    assert slow.status == 200
    assert (metric(one, "model_rows_total"), metric(other, "model_rows_total")) == (1, 1)


def test_coalesced_requests_keep_their_own_deadlines(start: Start, holds: Holds) -> None:
    running = start()

    async def wait(route: dict[str, str], number: int) -> tuple[RawReply, int, RawReply]:
        holds.hold(number)
        patient = await ask(running, number, route)
        await begun(holds, number)
        hurried = await (await ask(running, number, {**route, "request-timeout": "0.1"})).reply()
        calls = metric(running, "model_calls_total")
        holds.let_go(number)
        return hurried, calls, await patient.reply()

    for before, route in enumerate(({}, ORDINARY)):
        hurried, calls, patient = asyncio.run(wait(route, 3 + before))

        assert (hurried.status, json.loads(hurried.body)["type"]) == (504, "urn:foreseen:problem:timeout")
        assert calls == before
        assert (patient.status, patient.body) == (200, b'{"prediction":%d.0}' % (6 + 2 * before))
        assert metric(running, "model_rows_total") == before + 1
    leaves_nothing(running)


def test_no_request_waits_beyond_its_deadline(start: Start, holds: Holds) -> None:
    running = start("--timeout", "300ms")
    holds.hold(3)

    async def wait() -> RawReply:
        return await (await ask(running, 3, {"request-timeout": "60"})).reply()

    assert asyncio.run(wait()).status == 504
    assert metric(running, "model_calls_total") == 0
