"""A file gets large calls: those that give the bits of small ones, else calls of a size of its own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from foreseen.adapters.predictor.call_sizes import call_decision
from foreseen.adapters.predictor.call_sizes.large_call_sizes import LargeCallSizes
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature
from support.models import iris_logistic, save


class Weighing:
    """A model of the user's own that multiplies with weights, and adds a little in calls of many rows."""

    def __init__(self, *, adds: float) -> None:
        self.weights = np.array([1.5, 2.5])
        self.adds = adds

    def predict(self, rows: Any) -> Any:
        """Multiply."""
        return np.asarray(rows) @ self.weights + self.adds * (len(rows) > 100)


FEATURES = ["a", "b"]


@pytest.fixture
def equal(tmp_path: Path) -> Path:
    return save(Weighing(adds=0.0), tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return save(Weighing(adds=1e-9), tmp_path)


def kept(path: Path) -> list[Any]:
    return list(json.loads(Path(f"{path}.calls.json").read_text())["call_sizes"].values())


def test_large_calls_of_equal_bits_keep_the_fingerprint(equal: Path) -> None:
    requests = load_predictor(equal, features=FEATURES).info
    files = load_predictor(equal, features=FEATURES, calls_for="files").info

    assert files == requests
    assert files.call_size.large == 256
    assert requests.call_size.large is None


def test_large_calls_of_other_bits_get_their_own_fingerprint(other: Path) -> None:
    requests = load_predictor(other, features=FEATURES).info
    files = load_predictor(other, features=FEATURES, calls_for="files").info

    assert files.call_size == CallSize(fixed=256)
    assert files.namespace != requests.namespace


def test_entries_for_requests_are_made_in_calls_of_their_bits(equal: Path, other: Path) -> None:
    for path in (equal, other):
        requests = load_predictor(path, features=FEATURES).info

        assert load_predictor(path, features=FEATURES, calls_for="warming").info == requests


@pytest.mark.parametrize("adds", [0.0, 1e-9])
def test_compared_sizes_are_kept_for_later_runs(adds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(Weighing(adds=adds), tmp_path)
    first = load_predictor(path, features=FEATURES, calls_for="files").info
    monkeypatch.setattr(call_decision, "largest_equal_call", lambda *_, **__: pytest.fail("compared again"))

    again = load_predictor(path, features=FEATURES, calls_for="files").info

    assert again == first
    assert again.call_size.large == first.call_size.large
    assert kept(path) == [{"least": 1, "fixed": 32, "large": 32 if adds else 256}]


def test_a_service_adopts_the_call_size_of_a_run(equal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_predictor(equal, features=FEATURES, calls_for="files")
    monkeypatch.setattr(call_decision, "largest_equal_call", lambda *_, **__: pytest.fail("compared"))

    assert load_predictor(equal, features=FEATURES).info.call_size.large == 256
    Path(f"{equal}.calls.json").unlink()
    assert load_predictor(equal, features=FEATURES).info.call_size.large is None


def test_a_worker_takes_over_how_the_run_calls_the_model(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = load_predictor(other, features=FEATURES, calls_for="files").info
    Path(f"{other}.calls.json").unlink()
    monkeypatch.setattr(call_decision, "largest_equal_call", lambda *_, **__: pytest.fail("compared again"))

    assert load_predictor(other, features=FEATURES, calls_for="files", decided=started.call_size).info == started


def test_answers_do_not_depend_on_other_rows(other: Path) -> None:
    predictor = load_predictor(other, features=FEATURES, calls_for="files")
    rows = np.random.default_rng(0).normal(size=(700, 2))
    shuffled = np.random.default_rng(1).permutation(700)

    def answers(some: Any) -> list[bytes]:
        return predictor.predict(_batch(predictor, some)).encode().bodies

    whole = answers(rows)
    assert answers(rows[shuffled]) == [whole[row] for row in shuffled]
    assert answers(rows[:3]) == whole[:3]


def _batch(predictor: Any, rows: Any) -> Any:
    return Batch.of(predictor.info.signature, dict(zip(FEATURES, rows.T, strict=True)))


class Rejecting(Weighing):
    """Rejects some of the rows that are made up."""

    def predict(self, rows: Any) -> Any:
        """Multiply what is small."""
        if (np.asarray(rows) > 3).any():
            raise ValueError("expected small numbers")
        return super().predict(rows)


def test_a_model_that_rejects_probes_gets_own_calls(tmp_path: Path) -> None:
    path = save(Rejecting(adds=0.0), tmp_path)

    assert load_predictor(path, features=FEATURES, calls_for="files").info.call_size in (
        CallSize(fixed=256),
        CallSize(fixed=32),
    )


def test_a_linear_model_gets_large_calls_or_its_own(tmp_path: Path) -> None:
    """Which of the two depends on the CPU; both cost a thousandth of a call a row, or less."""
    path = save(iris_logistic(), tmp_path)
    size = load_predictor(path, calls_for="files").info.call_size

    assert max(size.fixed or 0, size.large or 0) >= 1024


def test_a_size_chosen_by_an_operator_is_used(equal: Path) -> None:
    size = load_predictor(equal, features=FEATURES, calls_for="files", rows_per_call=7).info.call_size

    assert (size, size.large) == (CallSize(fixed=7), None)


def signature(features: int) -> Signature:
    return Signature(tuple(Feature(f"x{place}") for place in range(features)))


X, Y = load_iris(return_X_y=True)


def sizes(model: Any, features: int = 4) -> tuple[int, ...]:
    return LargeCallSizes.of(model, signature(features), small=32).sizes


def test_a_cheap_row_may_come_in_calls_of_thousands() -> None:
    assert sizes(Ridge().fit(X, Y)) == (256, 1024, 8192)


def test_wide_rows_come_in_calls_of_fewer() -> None:
    assert sizes(Ridge().fit(X, Y), 1000) == (256, 1024)
    assert sizes(Ridge().fit(X, Y), 10_000) == ()


def test_costly_rows_come_in_small_calls() -> None:
    wide = np.random.default_rng(0).normal(size=(3000, 100))

    assert sizes(KNeighborsRegressor(algorithm="brute").fit(wide, wide[:, 0])) == ()


def test_a_model_of_many_estimators_is_compared_with_fewer_rows() -> None:
    forest = RandomForestClassifier(200, max_depth=2)
    model = StackingClassifier([("forest", forest)], LogisticRegression(), cv="prefit")
    found = LargeCallSizes.of(model.fit(X, forest.fit(X, Y).predict(X)), signature(4), small=32)

    assert found.sizes[-1] < 8192
    assert found.compared_rows < 4096


def test_own_code_is_compared_with_few_rows() -> None:
    found = LargeCallSizes.of(Weighing(adds=0.0), signature(2), small=32)

    assert (found.sizes, found.compared_rows) == ((256,), 1024)
