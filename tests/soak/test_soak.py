"""Twenty thousand mixed requests, or a million, while Redis comes and goes: every answer right, and nothing grows.

`make soak` sends a million, `make test` twenty thousand.
"""

import asyncio
import json
import os
import random
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sklearn.linear_model import LogisticRegression

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.faulty_redis_servers import Gate, gate_before
from support.kept_connection import Heard, KeptConnection, get, post
from support.models import IRIS_NAMES, batch_of, iris_frame, save
from support.process_facts import Held, held
from support.processes import Served, model_processes, watched
from support.valkey_server import valkey_url

REQUESTS: Final = int(os.environ.get("FORESEEN_TEST_SOAK_REQUESTS", "20000"))
CONNECTIONS: Final = 32
AT_ONCE: Final = 5
"""Requests that a client sends before it reads an answer; fewer would cost more of the machine, not of the service."""
POOL: Final = 6000
"""Instances that are requested: more than the lru holds, so that all kinds of hits and misses go on to the end."""
LRU: Final = 1500
WARM: Final = 0.3
"""Share of the requests after which nothing has a reason to grow any more."""
GROWTH_BYTES: Final = 12 * 2**20
"""What a process may take more at the end than it did warm: its allocator's holes, and what connections keep."""
OUTAGES_S: Final = (0.4, 0.8)
"""Seconds that Redis is away, and there, in turn."""

MISSES: Final = "foreseen_misses_total"

BAD: Final = (
    (b'{"sepal_length":', 400),
    (b"[]", 422),
    (b'{"instances":[]}', 422),
    (b'{"sepal_length":"wide","sepal_width":1,"petal_length":1,"petal_width":1}', 422),
    (b'{"instances":[[1,2,3]]}', 422),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request, how many instances it has, and what has to come back; no body is expected of a bad one."""

    request: bytes
    instances: int
    status: int
    body: bytes


@dataclass
class Soak:
    """The run: what was sent, and what the processes held at each look."""

    running: Served
    cases: list[Case]
    left: int = REQUESTS
    sent: dict[str, int] = field(default_factory=lambda: {"instances": 0, "bad": 0})
    looks: list[tuple[int, list[Held]]] = field(default_factory=list)

    async def run(self) -> None:
        """Send on all connections until nothing is left."""
        connections = [await KeptConnection.to(self.running.url) for _ in range(CONNECTIONS)]
        await asyncio.gather(*(self._ask(connection, random.Random(n)) for n, connection in enumerate(connections)))
        for connection in connections:
            connection.close()

    async def _ask(self, connection: KeptConnection, chosen: random.Random) -> None:
        while self.left > 0:
            self.left -= AT_ONCE
            # Some are requested much more often than others.
            cases = [self.cases[int(len(self.cases) * chosen.random() ** 2)] for _ in range(AT_ONCE)]
            for case, asked in zip(cases, connection.ask_at_once([case.request for case in cases]), strict=True):
                self._check(case, await asked)

    def _check(self, case: Case, heard: Heard) -> None:
        if case.status == 200:
            self.sent["instances"] += case.instances
            assert (heard.status, heard.body) == (200, case.body), (case, heard)
        else:
            self.sent["bad"] += 1
            assert heard.status == case.status, (case, heard)
            assert b"application/problem+json" in heard.head

    async def look(self, pids: list[int]) -> None:
        """Look at what the processes hold, now and then, until cancelled."""
        while True:
            self.looks.append((REQUESTS - self.left, [held(pid) for pid in pids]))
            await asyncio.sleep(0.25)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick model whose last bits would depend on the batch, were it called otherwise."""
    frame, _ = iris_frame()
    labels = np.random.default_rng(5).integers(0, 3, len(frame))
    return save(LogisticRegression(max_iter=1000).fit(frame, labels), tmp_path_factory.mktemp("soak"))


@pytest.fixture(scope="module")
def cases(model: Path) -> list[Case]:
    """Requests of every kind with the model's own answers, computed in one go."""
    chosen = random.Random(3)
    pool = np.random.default_rng(9).normal(3, 2, size=(POOL, len(IRIS_NAMES))).round(3)
    predictor = load_predictor(model, outputs=("predict", "predict_proba"))
    answers = predictor.predict(batch_of(predictor.info.signature, pool)).encode().bodies
    rows = pool.tolist()
    cases = [_one(rows[n], answers[n], chosen) for n in range(POOL)]
    cases += [_many(chosen.sample(range(POOL), chosen.randint(1, 12)), rows, answers) for _ in range(POOL // 6)]
    cases += [Case(post(body), 0, status, b"") for body, status in BAD for _ in range(POOL // 100)]
    chosen.shuffle(cases)
    return cases


def _one(row: list[float], answer: bytes, chosen: random.Random) -> Case:
    flower = dict(zip(IRIS_NAMES, row, strict=True))
    way = chosen.random()
    if way < 0.2:
        return Case(get("/predict?" + "&".join(f"{name}={value}" for name, value in flower.items())), 1, 200, answer)
    headers = b"Cache-Control: no-cache\r\n" if way < 0.24 else b"Cache-Control: no-store\r\n" if way < 0.26 else b""
    return Case(post(json.dumps(flower).encode(), headers), 1, 200, answer)


def _many(numbers: list[int], rows: list[list[float]], answers: list[bytes]) -> Case:
    body = json.dumps({"instances": [rows[number] for number in numbers]}).encode()
    said = b'{"predictions":[' + b",".join(answers[number] for number in numbers) + b"]}"
    return Case(post(body), len(numbers), 200, said)


@asynccontextmanager
async def outages(gate: Gate) -> AsyncIterator[None]:
    """Have Redis freeze, and be cut off, in turn until the block ends; it is there in the end."""

    async def come_and_go() -> None:
        while True:
            for is_cut in (False, True):
                await asyncio.sleep(OUTAGES_S[1])
                await gate.cut() if is_cut else gate.freeze()
                await asyncio.sleep(OUTAGES_S[0])
                await gate.open() if is_cut else gate.thaw()

    task = asyncio.create_task(come_and_go())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        gate.thaw()


@asynccontextmanager
async def looked_at(soak: Soak, pids: list[int]) -> AsyncIterator[None]:
    task = asyncio.create_task(soak.look(pids))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def memory(looks: list[list[Held]], process: int) -> float:
    """Return the median of what a process held."""
    return statistics.median(each[process].memory_bytes for each in looks)


def metrics(running: Served) -> dict[str, float]:
    """Read the counters, summed over their labels."""
    shown: dict[str, float] = {}
    for family in text_string_to_metric_families(running.get("/metrics").text):
        for sample in family.samples:
            shown[sample.name] = shown.get(sample.name, 0.0) + sample.value
            shown |= {f"{sample.name} {value}": sample.value for value in sample.labels.values()}
    return shown


@pytest.fixture
def started(model: Path) -> tuple[object, ...]:
    return (model, "--outputs", "predict,predict_proba", "--cache", "tiered", "--redis-lookups", "always",
           "--lru-max-entries", LRU)  # fmt: skip


@pytest.mark.timeout(7200)
async def test_a_long_run_answers_rightly_without_growing(
    started: tuple[object, ...], cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    with valkey_url() as url:
        async with gate_before(url) as gate:
            # In a thread, since its first requests go through the gate on this loop.
            context = watched(*started, "--redis-url", gate.url)
            running = await asyncio.to_thread(context.__enter__)
            try:
                pids = [running.process.pid, *model_processes(running.process.pid)]
                soak = Soak(running, cases)
                async with looked_at(soak, pids), outages(gate):
                    await soak.run()
                shown = await asyncio.to_thread(metrics, running)
            finally:
                await asyncio.to_thread(context.__exit__, None, None, None)

    assert len(pids) == 2
    warm = [each for count, each in soak.looks if count > WARM * REQUESTS]
    assert len(warm) >= 9
    third = len(warm) // 3
    early, late = warm[:third], warm[-third:]
    growth = [memory(late, process) - memory(early, process) for process in range(2)]
    with capsys.disabled():
        counts = {name: int(shown[f"foreseen_hits_total {name}"]) for name in ("L1", "L2")}
        sys.stdout.write(f"\nsoak: {REQUESTS} requests, {counts}, misses {shown[MISSES]:.0f}, growth {growth} bytes\n")
    assert max(growth) < GROWTH_BYTES
    for process in range(2):
        assert max(each[process].files for each in late) <= max(each[process].files for each in early) + 8
        assert max(each[process].threads for each in late) <= max(each[process].threads for each in early)
    answered = ("foreseen_hits_total", "foreseen_misses_total", "foreseen_coalesced_total")
    assert sum(shown[name] for name in answered) == soak.sent["instances"]
    assert shown["foreseen_rejected_requests_total"] == soak.sent["bad"]
    assert shown["foreseen_model_waiting_instances"] == 0
    assert min(shown["foreseen_hits_total L1"], shown["foreseen_hits_total L2"], shown["foreseen_misses_total"]) > 0
    assert any("L2 disabled" in line for line in running.err)
    assert "Traceback" not in "".join(running.err)
