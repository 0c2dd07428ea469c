"""A model that is not deterministic is found before its first answer is stored."""

import logging
from pathlib import Path
from typing import Any

import pytest

from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from support.command_in_process import run_here
from support.in_process_service import wired_with
from support.models import iris_logistic, save
from support.own_models import Doubler, Random, Rejecting, Slow
from support.processes import served

SAID = "the model is not deterministic, so nothing is cached"


class OneTime:
    """A model of the user's own that says in one call what it says in no other."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, rows: Any) -> Any:
        """Count the calls of a lone row, the first of which may have looked whether it answers at all."""
        self.calls += len(rows) == 1
        return [float(len(rows) == 1 and self.calls == 3)] * len(rows)


def looked_at(model: Any, folder: Path, **settings: Any) -> str:
    """Load a model and look whether it may be cached; return the cache that it is served with."""
    wiring = wired_with(save(model, folder), features=("a", "b"), **settings)
    return cache_what_repeats(wiring.settings, wiring.predictor.info.determinism).cache


def test_a_random_model_is_not_cached_with_the_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = looked_at(Random(), tmp_path, cache="tiered")

    assert cache == "none"
    [line] = caplog.messages
    assert line.startswith(SAID)
    assert '{"a": ' in line
    assert ', and then {"prediction":' in line


def test_a_model_that_differs_in_one_call_is_not_cached(tmp_path: Path) -> None:
    assert looked_at(OneTime(), tmp_path, rows_per_call=0) == "none"


def test_an_operator_may_cache_a_nondeterministic_model(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = looked_at(Random(), tmp_path, cache_nondeterministic=True)

    assert cache == "lru"
    assert caplog.messages == []


@pytest.mark.parametrize("model", [Doubler, lambda: Slow(0.0001)], ids=["a steady one", "one with moods in batches"])
def test_a_model_that_repeats_itself_is_cached(model: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The second differs in other batches, so it is called with a fixed number of rows."""
    assert looked_at(model(), tmp_path) == "lru"
    assert caplog.messages == []


def test_batch_dependent_answers_are_not_cached_at_a_chosen_size(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    assert looked_at(Slow(0.0), tmp_path, rows_per_call=0) == "none"
    [line] = caplog.messages
    assert line.startswith("an answer depends on the rest of its batch (see rows_per_call), so nothing is cached")


def test_a_model_that_rejects_probes_is_cached_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert looked_at(Rejecting(), tmp_path) == "lru"
    [_, line] = caplog.messages  # the first says that the dtypes are guesses
    assert line.startswith("the model rejects made-up instances, so it is unknown whether it is deterministic")


def test_a_logistic_regression_is_cached(tmp_path: Path) -> None:
    wiring = wired_with(save(iris_logistic(), tmp_path))

    assert cache_what_repeats(wiring.settings, wiring.predictor.info.determinism).cache == "lru"


OWN = """
import random

class Dice:
    def predict(self, rows):
        return [random.random() for row in rows]
"""


@pytest.fixture
def dice(tmp_path: Path) -> Path:
    """A folder with dice in a module of the user's own."""
    (tmp_path / "owndice.py").write_text(OWN)
    model = tmp_path / "dice.pkl"
    model.write_bytes(b"cowndice\nDice\n)\x81.")
    model.chmod(0o600)
    return tmp_path


def test_dice_are_served_uncached_by_every_worker(dice: Path) -> None:
    with served("dice.pkl", "--features", "a", "--workers", "2", cwd=dice) as running:
        replies = [running.get("/predict", a=1) for _ in range(6)]
        predicted = running.get("/model").json()["cache"]

    assert {reply.headers["cache-status"] for reply in replies} == {"foreseen; fwd=bypass"}
    assert len({reply.content for reply in replies}) == 6
    assert predicted == {"backend": "none"}
    assert "cache none" in running.out[0]
    assert [line for line in running.err if SAID in line] == running.complaints
    assert len(running.complaints) == 1


def test_dice_are_scored_uncached(dice: Path) -> None:
    (dice / "in.csv").write_text("a\n" + "1\n" * 20)

    done = run_here("score", "dice.pkl", "in.csv", "--features", "a", "--output", "out.csv", cwd=dice)

    assert done.returncode == 0
    assert SAID in done.stderr.decode()
    predictions = [line.split(",")[1] for line in (dice / "out.csv").read_text().splitlines()[1:]]
    assert len(predictions) == len(set(predictions)) == 20
