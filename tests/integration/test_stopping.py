"""Stopping a real service by signals: what is under way is answered, and nothing is waited for without limit."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import redis

from foreseen.entrypoints.http.server.draining_protocol import LINGER_S
from support.example_counts import cases
from support.held_model import Holding, Holds
from support.models import save
from support.process_facts import is_gone
from support.processes import WITHOUT_TLS, Served, model_processes, served, wait_until, wait_until_closed, workers
from support.time_limits import PATIENCE_S

HELD = 60.0

Line = tuple[object, ...]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """What serves a model that can be held."""
    return (
        save(Holding(tmp_path), tmp_path),
        "--features",
        "a",
        "--rows-per-call",
        "0",
        "--cache-nondeterministic",
        "true",
    )


@pytest.fixture
def holds(tmp_path: Path) -> Iterator[Holds]:
    holds = Holds(tmp_path)
    yield holds
    holds.let_go()


def ask_for_held(pool: ThreadPoolExecutor, running: Served, holds: Holds) -> Future[httpx.Response]:
    """Request something on which the model has begun by then, and which it does not answer until it is let go."""
    holds.hold(HELD)
    asked = pool.submit(running.get, "/predict", a=HELD)
    wait_until(lambda: holds.has_begun(HELD))
    return asked


class Askers:
    """Clients that send on, each on its own connection, until they are refused.

    A connection without a request is kept for LINGER_S when the service stops. A client that a busy machine holds up
    for longer, between one request and the next, finds it closed, as any client of HTTP has to reckon with.
    """

    def __init__(self, running: Served) -> None:
        self._url = running.url
        self.answers: list[int] = []
        self.troubles: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(6)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._url, **WITHOUT_TLS) as client:
            before = sent = time.monotonic()
            while True:
                number += 6
                before, sent = sent, time.monotonic()
                try:
                    self.answers.append(client.get("/predict", params={"a": number % 600 * 1e-5}).status_code)
                except httpx.ConnectError:
                    return
                except httpx.HTTPError as exc:
                    if time.monotonic() - before < LINGER_S:
                        self.troubles.append(repr(exc))
                    return

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=PATIENCE_S)


@pytest.mark.parametrize("args", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_every_request_under_load_is_answered_or_not_connected(line: Line, args: tuple[str, ...]) -> None:
    with served(*line, *args) as running:
        askers = Askers(running)
        wait_until(lambda: len(askers.answers) > 200)
        code = running.stop()
        askers.join()

    assert (code, askers.troubles, set(askers.answers)) == (0, [], {200})


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_a_hanging_model_delays_shutdown_no_longer_than_the_limit(
    line: Line, holds: Holds, model_isolation: str
) -> None:
    limited = (*line, "--stop-timeout", "1s", "--model-isolation", model_isolation)
    with served(*limited) as running, ThreadPoolExecutor(1) as pool:
        models = model_processes(running.process.pid)
        hanging = ask_for_held(pool, running, holds)

        assert running.stop() == 0

        assert any("for 1 s at most (stop_timeout)" in line for line in running.err)
        assert hanging.result().status_code == 500
        assert "the service stops" in hanging.result().json()["detail"]
        assert all(map(is_gone, models))


@pytest.mark.parametrize(
    ("args", "signum"),
    cases(
        ((), signal.SIGINT),
        (("--workers", "2"), signal.SIGTERM),
        long=[((), signal.SIGTERM), (("--workers", "2"), signal.SIGINT)],
    ),
)
def test_the_second_signal_waits_for_nothing(
    line: Line, holds: Holds, args: tuple[str, ...], signum: signal.Signals
) -> None:
    with served(*line, *args) as running, ThreadPoolExecutor(1) as pool:
        parents = workers(running) if args else [running.process.pid]
        models = [pid for parent in parents for pid in model_processes(parent)]
        hanging = ask_for_held(pool, running, holds)
        running.process.send_signal(signum)
        wait_until_closed(running)
        assert running.process.poll() is None

        assert running.stop(signum) == 128 + signum

        wait_until(lambda: all(map(is_gone, [*models, *parents])))
        assert isinstance(hanging.exception(), httpx.HTTPError)
    assert any("stopped again" in line for line in running.err)


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_of_the_other_kind_changes_nothing(line: Line, holds: Holds, first: signal.Signals) -> None:
    other = {signal.SIGTERM: signal.SIGINT, signal.SIGINT: signal.SIGTERM}[first]
    with served(*line) as running, ThreadPoolExecutor(1) as pool:
        under_way = ask_for_held(pool, running, holds)
        running.process.send_signal(first)
        wait_until_closed(running)
        running.process.send_signal(other)
        holds.let_go()

        assert running.process.wait(PATIENCE_S) == 0
        assert under_way.result().json() == {"prediction": 2 * HELD}
    assert running.complaints == []


def test_a_signal_that_a_worker_gets_twice_is_one(line: Line, holds: Holds) -> None:
    with served(*line, "--workers", "2") as running, ThreadPoolExecutor(2) as pool:
        under_way = ask_for_held(pool, running, holds)
        for worker in workers(running):
            os.kill(worker, signal.SIGTERM)
        stopping = pool.submit(running.stop)
        wait_until_closed(running)  # which the supervisor does before it signals the workers
        holds.let_go()

        assert stopping.result() == 0
        assert under_way.result().json() == {"prediction": 2 * HELD}


def test_entries_waiting_for_redis_are_written_at_shutdown(line: Line, holds: Holds, redis_url: str) -> None:
    shared = (*line, "--cache", "redis", "--redis-url", redis_url, "--redis-timeout", "10s")
    with served(*shared) as running, ThreadPoolExecutor(2) as pool:
        under_way = ask_for_held(pool, running, holds)
        stopping = pool.submit(running.stop)
        wait_until_closed(running)
        holds.let_go()

        assert stopping.result() == 0
        assert under_way.result().status_code == 200
    with redis.Redis.from_url(redis_url) as client:
        assert len([key for key in client.keys("foreseen:model:*") if b":lease:" not in key]) == 1
