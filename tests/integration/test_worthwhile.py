"""Replicas of a cheap model leave Redis alone but for a sample, by which they find out when it is of use to them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from support.here import run_here
from support.models import IRIS_NAMES, iris_logistic, save
from support.processes import WITHOUT_TLS, Served, served

AT_ONCE = 40
"""Instances of a request: each costs the model some µs then, a lookup 2.5 and a write 3.5.

Asking is given up where each costs less than 120 µs while none is hit, and taken up again above 3 µs when all are.
"""

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


def asked_share(running: Served) -> float:
    families = text_string_to_metric_families(running.get("/metrics").text)
    [share] = [family.samples[0].value for family in families if family.name == "foreseen_l2_asked_share"]
    return share


def entries(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return sum(1 for _ in client.scan_iter("foreseen:*", count=1000))


def test_new_inputs_of_a_cheap_model_are_hardly_shared_until_others_ask_for_the_same(
    logistic: Path, redis_url: str
) -> None:
    in_thread = (
        "--model-isolation",
        "thread",
    )  # in a process it stands back, and its time is that of whatever else runs
    line = (logistic, "--cache", "tiered", "--redis-url", redis_url, "--redis-timeout", "10s", *in_thread)
    ours, theirs = flowers(8_000, width=1.0), flowers(5_000, width=2.0)
    with served(*line, is_fresh=True) as one:
        computed = answers(one, ours)
        assert asked_share(one) == 1 / 64
        one.stop()  # which writes what waits
        assert SAID in "".join(one.err)
    assert 1_900 < entries(redis_url) < 2_000 + 2 * 6_000 / 64

    with served(*line, is_fresh=True) as other:
        answers(other, theirs)
        assert asked_share(other) == 1 / 64

        assert answers(other, ours) == computed
        assert asked_share(other) == 1


def test_a_file_is_written_to_the_last_row_for_those_who_ask_tomorrow(
    logistic: Path, redis_url: str, tmp_path: Path
) -> None:
    table = tmp_path / "flowers.csv"
    rows = [",".join(map(str, row)) for row in flowers(5_000, width=1.0)]
    table.write_text("\n".join([",".join(IRIS_NAMES), *rows]) + "\n")
    line = (logistic, table, "--output", tmp_path / "out.csv", "--features", ",".join(IRIS_NAMES))

    scored = run_here("score", *line, "--cache", "redis", "--redis-url", redis_url)

    assert scored.returncode == 0, scored.stderr
    assert entries(redis_url) == 5_000
