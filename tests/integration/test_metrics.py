"""The counters of several worker processes, scraped from whichever answers."""

import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Self

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.fault_proxy import Fault, fault_proxy
from support.models import IRIS_NAMES
from support.processes import Served, served, wait_until, workers

WORKERS = 3
MISS, HIT = "foreseen; fwd=miss; stored", "foreseen; hit; detail=L1"
SCRAPES = 12
"""So many that, each on a connection of its own, they reach more than one worker."""


@pytest.fixture(scope="module")
def three(flower_model: Path) -> Iterator[Served]:
    """A service that all tests here share, since three workers take long to start: what it counts goes on."""
    with served(flower_model, "--workers", str(WORKERS)) as running:
        yield running


NUMBERS = count()


@pytest.fixture
def number() -> int:
    """The number of a flower that no test has requested."""
    return next(NUMBERS)


def flower(number: int) -> dict[str, float]:
    return dict(zip(IRIS_NAMES, (5.0, 3.0, 1.0, number / 8), strict=True))


def ask(running: Served, number: int) -> str:
    """Request one flower, and return where the answer came from."""
    reply = running.get("/predict", **flower(number))
    assert reply.status_code == 200
    return reply.headers["cache-status"]


def scraped(running: Served) -> dict[str, float]:
    families = text_string_to_metric_families(running.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {
        "_".join(
            [sample.name.removeprefix("foreseen_"), *(value for _, value in sorted(sample.labels.items()))]
        ): sample.value
        for sample in samples
    }


def counted(running: Served) -> dict[str, float]:
    """Scrape what only grows, but for requests, among which is the scrape itself."""
    return {
        name: value
        for name, value in scraped(running).items()
        if re.search("_total|_bucket|_count|_sum", name) and not name.startswith("requests_total")
    }


def since(before: Mapping[str, float], running: Served) -> dict[str, float]:
    """Scrape, and give what was counted beyond what was before."""
    return {name: value - before[name] for name, value in counted(running).items()}


def ask_until_computed(running: Served, number: int, times: int) -> Counter[str]:
    """Request one flower until so many workers have computed it; return how often it came from where."""
    said: Counter[str] = Counter()

    def are_enough() -> bool:
        said.update([ask(running, number)])
        return said[MISS] == times

    wait_until(are_enough)
    assert set(said) <= {MISS, HIT}
    return said


def kill_one(running: Served) -> None:
    """Kill a worker as the kernel does, and wait until another has been started."""
    wait_until(lambda: len(workers(running)) == WORKERS)
    killed = workers(running)[0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(workers(running)) == WORKERS and killed not in workers(running))


def test_every_worker_reports_the_exact_sum_of_all(three: Served, number: int) -> None:
    before = counted(three)
    said = ask_until_computed(three, number, WORKERS)
    assert three.get("/predict", sepal_length="long").status_code == 422
    rows = [[9.0, 9.0, 9.0, row] for row in range(5)]
    assert three.post({"instances": rows}).status_code == 200

    for _ in range(SCRAPES):
        figures = since(before, three)
        assert figures["hits_total_L1"] == said[HIT]
        assert figures["misses_total"] == WORKERS + 5
        assert figures["model_rows_total"] == figures["model_batch_rows_sum"] == WORKERS + 5
        assert figures["model_calls_total"] == figures["model_batch_rows_count"] == WORKERS + 1
        assert figures["model_batch_rows_bucket_1.0"] == WORKERS
        assert figures["rejected_requests_total_422_invalid-instances"] == 1
        assert figures["predict_seconds_count_L1"] == said[HIT]
        assert figures["predict_seconds_count_model"] == figures["predict_seconds_bucket_+Inf_model"] == WORKERS + 1
    assert scraped(three)["requests_total_/predict_422"] == 1


def test_a_killed_worker_loses_no_count(three: Served, number: int) -> None:
    ask_until_computed(three, number, WORKERS)
    before = counted(three)
    kill_one(three)

    for _ in range(SCRAPES):
        assert counted(three) == before
    # The successor has an lru of its own, so that it computes the flower once more.
    said = ask_until_computed(three, number, 1)
    for _ in range(SCRAPES):
        figures = since(before, three)
        assert (figures["hits_total_L1"], figures["misses_total"]) == (said[HIT], 1)


def test_counts_never_shrink_while_workers_are_killed_under_load(three: Served) -> None:
    first = before = counted(three)
    with Load(three) as load:
        for _ in range(2):
            kill_one(three)
            for _ in range(SCRAPES):
                with suppress(httpx.TransportError):  # the request was for the killed worker
                    now = counted(three)
                    assert [name for name in now if now[name] < before[name]] == []
                    before = now
        wait_until(lambda: load.answered >= 50)

    figures = since(first, three)
    assert load.failures == []
    assert load.answered <= figures["hits_total_L1"] + figures["misses_total"] <= load.sent


class Load(threading.Thread):
    """Requests flowers until the block ends."""

    def __init__(self, running: Served) -> None:
        super().__init__()
        self.sent = self.answered = 0
        self.failures: list[int] = []
        self._running = running
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.is_set():
            self.sent += 1
            with suppress(httpx.TransportError):  # the request was for a killed worker
                reply = self._running.get("/predict", **flower(1000 + self.sent % 50))
                self.answered += 1
                if reply.status_code != 200:
                    self.failures.append(reply.status_code)


def test_gauges_are_those_of_the_living(three: Served, number: int) -> None:
    def shown(name: str) -> float:
        return scraped(three)[name]

    wait_until(lambda: shown("processes") == WORKERS)
    ask_until_computed(three, number, WORKERS)
    wait_until(lambda: shown("l1_entries") >= WORKERS)  # each shows what the others last published
    held = max(shown("l1_entries") for _ in range(SCRAPES))

    kill_one(three)
    # Its successor holds nothing, and each of the others no more than before.
    wait_until(lambda: shown("l1_entries") < held and shown("processes") == WORKERS)


def test_workers_that_reload_the_model_lose_no_count(three: Served, number: int) -> None:
    def have_loaded() -> bool:
        figures = counted(three)
        assert {name: count for name, count in figures.items() if count < before[name]} == {}
        assert figures["misses_total"] == before["misses_total"]
        return sum("reloaded: the model is the same" in line for line in three.err) == WORKERS

    ask_until_computed(three, number, WORKERS)
    before, first = counted(three), set(workers(three))
    three.process.send_signal(signal.SIGHUP)

    wait_until(have_loaded)
    assert have_loaded()
    assert set(workers(three)) == first


def test_a_purge_reaches_every_worker_without_redis(three: Served, number: int) -> None:
    for _ in range(SCRAPES):
        ask(three, number)

    answer = three.post(None, "/admin/purge")

    assert answer.status_code == 200
    assert answer.json()["processes"] == {"confirmed": WORKERS, "silent": 0}
    assert answer.json()["entries"]["l1"] >= 1
    assert ask(three, number) == MISS


def test_workers_share_what_redis_did(flower_model: Path, redis_url: str) -> None:
    shared = ("--cache", "redis", "--redis-url", redis_url, "--redis-timeout", "10s")
    with served(flower_model, "--workers", "2", *shared) as running:
        assert ask(running, 0) == MISS
        wait_until(lambda: counted(running)["l2_calls_total_put"] == 1)
        assert {ask(running, 0) for _ in range(20)} == {"foreseen; hit; detail=L2"}

        figures = counted(running)
        assert (figures["hits_total_L2"], figures["l2_calls_total_get"]) == (20, 21)
        assert 0 < figures["l2_seconds_total_get"] < 60
        assert 0 < figures["l2_seconds_total_put"] < 60
        wait_until(lambda: scraped(running)["l2_in_use"] == 2)


def test_each_worker_loses_redis_and_finds_it_again_by_itself(flower_model: Path, redis_url: str) -> None:
    line = ("--cache", "redis", "--redis-timeout", "10s", "--redis-lookups", "always")
    with (
        fault_proxy(redis_url) as proxy,
        served(flower_model, "--workers", "2", *line, "--redis-url", proxy.url) as running,
    ):

        def out() -> bool:
            ask(running, next(numbers))
            return scraped(running)["l2_in_use"] == 0

        numbers = count(20_000)
        wait_until(lambda: scraped(running)["l2_in_use"] == 2)
        proxy.set(Fault.REFUSE)
        wait_until(out)

        assert {ask(running, next(numbers)) for _ in range(10)} == {"foreseen; fwd=miss"}
        assert running.get("/readyz").json()["shared_cache"] == "disabled"
        assert "L2 disabled" in "".join(running.err)
        proxy.set(Fault.NONE)
        wait_until(lambda: scraped(running)["l2_in_use"] == 2)

        assert {ask(running, next(numbers)) for _ in range(5)} == {MISS}
        wait_until(lambda: sum("L2 enabled again" in line for line in running.err) == 2)
        assert sum("L2 disabled" in line for line in running.err) == 2
