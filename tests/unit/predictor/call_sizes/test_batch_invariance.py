"""Rows per call: chosen so that no row's bits depend on the batch that it was computed in."""

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config
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
from threadpoolctl import threadpool_limits

from foreseen.adapters.predictor.call_sizes import call_decision
from foreseen.adapters.predictor.call_sizes.batch_invariance import FIXED_ROWS, call_size, next_size
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import METHODS
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature
from support.models import answers, batch_of, iris_logistic, save
from support.own_models import Counting, Rejecting


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
    with warnings.catch_warnings(), parallel_config(backend="threading"):  # to start processes takes a second each
        warnings.simplefilter("ignore")  # they need not converge
        if "random_state" in model.get_params():
            model.set_params(random_state=0)
        model.fit(rows, target)
    outputs = [output for output in METHODS if hasattr(model, output)]
    predictor = load_predictor(save(model, tmp_path), outputs=outputs)
    batch = batch_of(predictor.info.signature, rows[:66])

    whole = predictor.predict(batch).encode().bodies

    for size in (1, 2, 7, 33):
        assert _in_batches_of(predictor, batch, size) == whole[: 66 // size * size], f"{size} rows a batch"
    shuffled = np.random.default_rng(1).permutation(66)
    assert predictor.predict(batch.take(shuffled)).encode().bodies == [whole[row] for row in shuffled]


def _in_batches_of(predictor: Predictor, batch: Batch, size: int) -> list[bytes]:
    starts = range(0, len(batch) - size + 1, size)
    return [body for s in starts for body in predictor.predict(batch.take(range(s, s + size))).encode().bodies]


@pytest.mark.parametrize("name", ["decision tree", "random forest", "naive bayes"])
def test_an_invariant_model_gets_any_batch_but_no_lone_row(name: str, tmp_path: Path) -> None:
    model, data = FAMILIES[name]

    assert _size(load_predictor(save(model.fit(*data()), tmp_path))) == CallSize(least=2)


def _size(predictor: Predictor) -> CallSize:
    return predictor.info.call_size


def test_a_batch_dependent_model_is_called_with_a_fixed_size(tmp_path: Path) -> None:
    predictor = load_predictor(save(iris_logistic(), tmp_path), outputs=("predict_proba",))

    assert _size(predictor) == CallSize(fixed=FIXED_ROWS)


def test_differences_that_labels_hide_are_measured(tmp_path: Path) -> None:
    """Labels alone look invariant until a tie is close; the decision values below them show it."""
    assert _size(load_predictor(save(iris_logistic(), tmp_path))) == CallSize(fixed=FIXED_ROWS)


@pytest.mark.parametrize(("given", "rows"), [(0, None), (5, 5)])
def test_a_number_of_rows_that_was_given_is_not_measured(given: int, rows: int | None, tmp_path: Path) -> None:
    predictor = load_predictor(save(iris_logistic(), tmp_path), rows_per_call=given)

    assert _size(predictor) == CallSize(fixed=rows)


ONE = Signature((Feature("a"),))


class Probed:
    """A model for the probe: counts its rows, may work through them one by one, may reject, may vary."""

    def __init__(self, *, is_row_by_row: bool = False, rejects: bool = False, varies: bool = False) -> None:
        self.rows = 0
        self._is_row_by_row, self._rejects, self._varies = is_row_by_row, rejects, varies

    def compute(self, batch: Batch) -> object:
        """Call a function for each row, or one for all."""
        self.rows += len(batch)
        if self._rejects:
            raise InvalidBatchError([])
        values = batch.columns[0]
        return [abs(value) for value in values] if self._is_row_by_row else np.abs(values)

    def raw(self, batch: Batch) -> list[bytes]:
        """Answer each row with itself."""
        self.compute(batch)
        return [value.tobytes() + bytes([len(batch) * self._varies]) for value in batch.columns[0]]


class Rawly(Probed):
    """One whose bits a test makes up."""

    def __init__(self, answer: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._answer = answer

    def raw(self, batch: Batch) -> list[bytes]:
        """Answer each row by its place and how many there are."""
        values = batch.columns[0]
        return [value.tobytes() + self._answer(place, len(values)) for place, value in enumerate(values)]


def test_a_varying_row_by_row_model_is_called_with_one() -> None:
    assert call_size(Probed(is_row_by_row=True, varies=True), ONE, "unknown") == CallSize(fixed=1)


def test_a_varying_model_of_whole_batches_is_called_with_many() -> None:
    assert call_size(Probed(varies=True), ONE, "unknown") == CallSize(fixed=FIXED_ROWS)


def test_a_model_of_batches_never_gets_one_row() -> None:
    assert call_size(Probed(), ONE, "unknown") == CallSize(least=2)


def test_a_row_by_row_model_gets_any_number_of_rows() -> None:
    model = Probed(is_row_by_row=True)

    assert call_size(model, ONE, "unknown") == CallSize()
    assert model.rows < 100  # each may take seconds


def test_a_model_of_matrix_products_gets_a_fixed_size_unprobed() -> None:
    model = Probed()

    assert call_size(model, ONE, "matrix", is_estimator=True) == CallSize(fixed=FIXED_ROWS)
    assert model.rows == 0


def test_a_model_of_single_products_gets_one_row() -> None:
    assert call_size(Probed(is_row_by_row=True, varies=True), ONE, "matrix") == CallSize(fixed=1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31])
def test_one_row_that_varies_with_its_batch_size_is_found(size: int) -> None:
    model = Rawly(lambda place, n: b"\1" * (n == size and place == n - 1))

    assert call_size(model, ONE, "unknown") == CallSize(fixed=FIXED_ROWS)


def test_rows_that_vary_with_their_place_are_found() -> None:
    assert call_size(Rawly(lambda place, _: bytes([place >= 32])), ONE, "unknown") == CallSize(fixed=FIXED_ROWS)


def test_labels_of_a_users_own_classifier_count(tmp_path: Path) -> None:
    path = save(Counting(), tmp_path)

    assert _size(load_predictor(path, features=["a"])).fixed is not None


def test_a_model_that_rejects_probe_rows_is_called_with_one() -> None:
    assert call_size(Probed(rejects=True), ONE, "unknown") == CallSize(fixed=1)


def test_rejected_probe_rows_are_replaced_by_others() -> None:
    class Picky(Probed):
        def compute(self, batch: Batch) -> object:
            if min(batch.columns[0].tolist()) < 1:
                raise InvalidBatchError([])
            return super().compute(batch)

    assert call_size(Picky(), ONE, "unknown") == CallSize(least=2)


@pytest.mark.parametrize(("size", "smaller"), [(CallSize(2), 32), (CallSize(fixed=32), 1), (CallSize(fixed=1), None)])
def test_a_size_with_varying_answers_leads_to_a_smaller(size: CallSize, smaller: int | None) -> None:
    assert next_size(size) == (None if smaller is None else CallSize(fixed=smaller))


class Crowded:
    """A model of the user's own whose answer is another in a batch of eight."""

    def predict(self, rows: Any) -> Any:
        """Count."""
        return np.asarray(rows)[:, 0] + (len(rows) == 8)


def test_a_difference_that_only_the_answers_show_makes_calls_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_decision, "call_size", lambda *_, **__: CallSize(least=2))

    predictor = load_predictor(save(Crowded(), tmp_path), features=["a"])

    assert predictor.info.call_size == CallSize(fixed=FIXED_ROWS)
    assert predictor.info.determinism.is_batch_invariant


def test_a_model_that_rejects_the_probe_still_answers(tmp_path: Path) -> None:
    predictor = load_predictor(save(Rejecting(), tmp_path), features=["a"])

    assert answers(predictor, [[150.0], [200.0]]) == [{"prediction": 150.0}, {"prediction": 200.0}]
    with pytest.raises(InvalidBatchError, match="below 100"):
        answers(predictor, [[150.0], [20.0]])
