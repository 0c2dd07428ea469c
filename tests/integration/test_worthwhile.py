"""Replicas of a cheap model leave Redis alone but for a sample, by which they find out when it is of use to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from support.command_in_process import run_here
from support.models import IRIS_NAMES, iris_logistic, save
from support.processes import WITHOUT_TLS, Served, served, wait_until

AT_ONCE = 100
"""Instances of a request: each costs the model 10 µs then, a lookup 1.6 and a write 2.6.

Lookups are given up where each costs less than 84 µs while none is hit, and resumed above 2 µs when all are.
"""

STEADY = "support.serve_with_steady_calls"

SAID = "the shared cache is looked up for one key in 64 only: of lookups 0.0% hit"


@pytest.fixture
def logistic(tmp_path: Path) -> Path:
    return save(iris_logistic(), tmp_path)


def flowers(number: int, *, width: float) -> list[list[float]]:
    return [[5.0, 3.0, place / 1000, width] for place in range(number)]


def answers(running: Served, rows: Sequence[Sequence[float]]) -> list[Any]:
    with httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
        groups = [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]
        replies = [client.post("/predict", json={"instances": group}).json() for group in groups]
    return [one for reply in replies for one in reply["predictions"]]


def lookup_share(running: Served) -> float:
    families = text_string_to_metric_families(running.get("/metrics").text)
    [share] = [family.samples[0].value for family in families if family.name == "foreseen_l2_lookup_share"]
    return share


def entries(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return sum(1 for _ in client.scan_iter("foreseen:*", count=1000))


def test_inputs_of_a_cheap_model_are_shared_on_repeats(logistic: Path, redis_url: str) -> None:
    line = (logistic, "--cache", "tiered", "--redis-url", redis_url, "--redis-timeout", "10s")
    ours = flowers(8_000, width=1.0)
    with served(*line, module=STEADY, is_fresh=True) as one:
        number = request_until_hardly_shared(one, width=2.0)
        computed = answers(one, ours)
        one.stop()  # which writes what waits
        assert SAID in "".join(one.err)
    assert 0 < entries(redis_url) < number + len(ours)

    with served(*line, module=STEADY, is_fresh=True) as other:
        request_until_hardly_shared(other, width=3.0)

        wait_until(lambda: answers(other, ours) == computed and lookup_share(other) == 1)


def request_until_hardly_shared(running: Served, *, width: float) -> int:
    """Request new rows until only a sample of keys is looked up; return how many."""
    rows = flowers(200_000, width=width)
    starts = iter(range(0, len(rows), 3_000))

    def is_hardly_shared() -> bool:
        start = next(starts)
        answers(running, rows[start : start + 3_000])
        return lookup_share(running) == 1 / 64

    wait_until(is_hardly_shared)
    return next(starts)


def test_a_scored_file_is_stored_to_its_last_row(logistic: Path, redis_url: str, tmp_path: Path) -> None:
    table = tmp_path / "flowers.csv"
    rows = [",".join(map(str, row)) for row in flowers(5_000, width=1.0)]
    table.write_text("\n".join([",".join(IRIS_NAMES), *rows]) + "\n")
    line = (logistic, table, "--output", tmp_path / "out.csv", "--features", ",".join(IRIS_NAMES))

    scored = run_here("score", *line, "--cache", "redis", "--redis-url", redis_url, "--redis-timeout", "10s")

    assert scored.returncode == 0, scored.stderr
    assert entries(redis_url) == 5_000
