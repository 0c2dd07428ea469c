"""Rows per call: chosen so that no row's bits depend on the batch that it was computed in."""

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingRegressor,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.loading.batch_invariance import STEADY_ROWS, call_size
from foreseen.domain.batch import Batch
from foreseen.domain.call_size import CallSize
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.signature import Feature, Signature
from support.fakes import Clock
from support.models import answers, batch_of, iris_forest, iris_logistic, save
from support.own_models import Labeller, Refusing, Slow


@pytest.fixture(autouse=True)
def _one_openmp_thread() -> Iterator[None]:
    """Keep boosting's threads from spinning on cores that other tests need; its bits are the same with any number."""
    with threadpool_limits(1, user_api="openmp"):
        yield


@cache
def _digits() -> Any:
    images, target = load_digits(return_X_y=True)
    return images[:300], target[:300]


@cache
def _diabetes() -> Any:
    return load_diabetes(return_X_y=True)


@cache
def _iris() -> Any:
    return load_iris(return_X_y=True)


FAMILIES: dict[str, tuple[Any, Callable[[], Any]]] = {
    "decision tree": (DecisionTreeClassifier(), _digits),
    "random forest": (RandomForestClassifier(10, n_jobs=2), _digits),
    "random forest regressor": (RandomForestRegressor(10, n_jobs=2), _diabetes),
    "extra trees": (ExtraTreesClassifier(10), _digits),
    "gradient boosting": (GradientBoostingClassifier(n_estimators=3), _digits),
    "histogram boosting, 10 classes": (HistGradientBoostingClassifier(max_iter=2), _digits),
    "histogram boosting, regression": (HistGradientBoostingRegressor(max_iter=5), _diabetes),
    "ada boost, 10 classes": (AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5), _digits),
    "ada boost, regression": (AdaBoostRegressor(n_estimators=5), _diabetes),
    "bagging": (BaggingRegressor(n_estimators=5, n_jobs=2), _diabetes),
    "isolation forest": (IsolationForest(n_estimators=10), _digits),
    "voting of 10": (
        VotingRegressor([(str(n), DecisionTreeRegressor(max_depth=n)) for n in range(1, 11)]),
        _diabetes,
    ),
    "stacking": (StackingClassifier([("t", DecisionTreeClassifier())], LogisticRegression(), cv=2), _iris),
    "calibrated forest": (CalibratedClassifierCV(RandomForestClassifier(5), cv=2), _iris),
    "support vectors": (SVC(), _digits),
    "support vectors, linear": (SVR(kernel="linear"), _diabetes),
    "naive bayes": (GaussianNB(), _digits),
    "neighbours, tree": (KNeighborsClassifier(algorithm="kd_tree"), _iris),
    "neighbours, brute": (KNeighborsRegressor(algorithm="brute", weights="distance"), _digits),
    "gaussian process": (GaussianProcessRegressor(), _diabetes),
    "logistic, 3 classes": (LogisticRegression(max_iter=20), _iris),
    "logistic, 10 classes": (LogisticRegression(max_iter=20), _digits),
    "ridge": (Ridge(), _diabetes),
    "linear, two outputs": (LinearRegression(), lambda: (_diabetes()[0], _diabetes()[0][:, :2] * 3.3)),
    "linear support vectors": (LinearSVC(max_iter=20), _digits),
    "gradient descent": (SGDClassifier(loss="log_loss", max_iter=10), _digits),
    "network": (MLPClassifier((32, 16), max_iter=5), _digits),
    "network, regression": (MLPRegressor(hidden_layer_sizes=(20,), max_iter=5), _diabetes),
    "linear discriminants": (LinearDiscriminantAnalysis(), _digits),
    "quadratic discriminants": (QuadraticDiscriminantAnalysis(reg_param=0.1), _iris),
    "kernel ridge": (KernelRidge(kernel="rbf"), _diabetes),
    "clusters": (KMeans(8, n_init=1), _digits),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_row_has_the_same_answer_in_every_batch(name: str, tmp_path: Path) -> None:
    model, data = FAMILIES[name]
    rows, target = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they need not converge
        if "random_state" in model.get_params():
            model.set_params(random_state=0)
        model.fit(rows, target)
    outputs = ("predict", "predict_proba") if hasattr(model, "predict_proba") else ("predict",)
    predictor = load_predictor(save(model, tmp_path), outputs=outputs)
    batch = batch_of(predictor.info.signature, rows[:66])

    whole = predictor.predict(batch).encode()

    for size in (1, 2, 7, 33):
        assert _in_batches_of(predictor, batch, size) == whole[: 66 // size * size], f"{size} rows a batch"
    shuffled = np.random.default_rng(1).permutation(66)
    assert predictor.predict(batch.take(shuffled)).encode() == [whole[row] for row in shuffled]


def _in_batches_of(predictor: Predictor, batch: Batch, size: int) -> list[bytes]:
    starts = range(0, len(batch) - size + 1, size)
    return [body for s in starts for body in predictor.predict(batch.take(range(s, s + size))).encode()]


@pytest.mark.parametrize("name", ["decision tree", "random forest", "naive bayes"])
def test_a_model_that_is_invariant_gets_batches_of_any_size_but_no_lone_row(name: str, tmp_path: Path) -> None:
    model, data = FAMILIES[name]

    assert _size(load_predictor(save(model.fit(*data()), tmp_path))) == CallSize(least=2)


def _size(predictor: Predictor) -> CallSize:
    return predictor.info.call_size


def test_a_model_that_is_not_is_called_with_a_steady_number_of_rows(tmp_path: Path) -> None:
    predictor = load_predictor(save(iris_logistic(), tmp_path), outputs=("predict_proba",))

    assert _size(predictor) == CallSize(fixed=STEADY_ROWS)


def test_what_predict_hides_is_measured_all_the_same(tmp_path: Path) -> None:
    """Labels alone look invariant until a tie is near; the decision values below them tell."""
    assert _size(load_predictor(save(iris_logistic(), tmp_path))) == CallSize(fixed=STEADY_ROWS)


@pytest.mark.parametrize(("given", "rows"), [(0, None), (5, 5)])
def test_a_number_of_rows_that_was_given_is_not_measured(given: int, rows: int | None, tmp_path: Path) -> None:
    predictor = load_predictor(save(iris_logistic(), tmp_path), rows_per_call=given)

    assert _size(predictor) == CallSize(fixed=rows)


ONE = Signature((Feature("a"),))


class Asked:
    """A model for the probe: counts its rows, takes time of its own clock for each, and may refuse."""

    def __init__(self, *, row_s: float = 0.0, call_s: float = 0.0, refuses: bool = False, varies: bool = False) -> None:
        self.rows = 0
        self.clock = Clock()
        self._row_s, self._call_s, self._refuses, self._varies = row_s, call_s, refuses, varies

    def raw(self, batch: Batch) -> list[bytes]:
        """Answer each row with itself."""
        self.rows += len(batch)
        if self._refuses:
            raise InvalidBatchError([])
        self.clock.pass_s(self._call_s + self._row_s * len(batch))
        return [value.tobytes() + bytes([len(batch) * self._varies]) for value in batch.columns[0]]

    def size(self, *, budget_s: float = 2.0) -> CallSize:
        """Choose how it is to be called."""
        return call_size(self.raw, ONE, clock=self.clock, budget_s=budget_s)


def test_a_model_whose_rows_cost_time_each_and_vary_is_called_with_one() -> None:
    assert Asked(row_s=0.001, varies=True).size() == CallSize(fixed=1)


def test_a_model_whose_calls_cost_the_time_and_vary_is_called_with_many() -> None:
    assert Asked(call_s=0.001, varies=True).size() == CallSize(fixed=STEADY_ROWS)


def test_a_model_whose_calls_cost_the_time_is_never_called_with_a_row_alone() -> None:
    assert Asked(call_s=0.001).size() == CallSize(2)


def test_a_model_whose_rows_cost_time_each_is_called_with_as_many_as_there_are() -> None:
    assert Asked(row_s=0.001).size() == CallSize(1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31, 63])
def test_one_row_that_varies_with_the_size_of_its_batch_is_found(size: int) -> None:
    def raw(batch: Batch) -> list[bytes]:
        """Add a bit to the last row of a batch of this size."""
        answers = [value.tobytes() for value in batch.columns[0]]
        return [*answers[:-1], answers[-1] + b"\1" * (len(batch) == size)]

    assert call_size(raw, ONE, has_cheap_rows=True) == CallSize(fixed=STEADY_ROWS)


def test_rows_that_vary_with_their_place_are_found() -> None:
    def raw(batch: Batch) -> list[bytes]:
        return [value.tobytes() + bytes([place >= 32]) for place, value in enumerate(batch.columns[0])]

    assert call_size(raw, ONE, has_cheap_rows=True) == CallSize(fixed=STEADY_ROWS)


def test_labels_that_follow_from_other_values_are_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    path = save(iris_forest(2), tmp_path)
    monkeypatch.setattr(RandomForestClassifier, "predict", lambda _, rows: asked.append(len(rows)))

    assert (_size(load_predictor(path)), asked) == (CallSize(least=2), [])


def test_labels_of_a_users_own_classifier_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(Labeller(), tmp_path)
    monkeypatch.setattr(Labeller, "predict", lambda _, rows: [f"beside {len(rows)}"] * len(rows))

    assert _size(load_predictor(path, features=["a"])).fixed is not None


def test_a_model_too_slow_to_be_measured_counts_as_varying_and_costs_few_rows() -> None:
    asked = Asked(row_s=0.02)

    assert asked.size(budget_s=0.5) == CallSize(fixed=1)
    assert asked.rows <= 15


def test_a_call_that_is_too_slow_counts_as_well() -> None:
    asked = Asked(call_s=0.05)

    assert asked.size(budget_s=0.5) == CallSize(fixed=STEADY_ROWS)
    assert asked.rows <= 15


def test_a_model_that_refuses_made_up_rows_is_called_with_one() -> None:
    assert Asked(refuses=True).size() == CallSize(fixed=1)


def test_a_slow_model_loads_within_the_budget_and_answers(tmp_path: Path) -> None:
    predictor = load_predictor(save(Slow(0.05), tmp_path), features=["a"])

    assert _size(predictor) == CallSize(fixed=1)
    assert len(answers(predictor, [[1.0], [2.0]])) == 2


def test_a_model_that_refuses_the_probe_still_answers_what_it_takes(tmp_path: Path) -> None:
    predictor = load_predictor(save(Refusing(), tmp_path), features=["a"])

    assert answers(predictor, [[150.0], [200.0]]) == [{"prediction": 150.0}, {"prediction": 200.0}]
    with pytest.raises(InvalidBatchError, match="below 100"):
        answers(predictor, [[150.0], [20.0]])
