"""Thirty families of models answer with the very bits of their own call, over HTTP and in every file format."""

import asyncio
import csv
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn import cluster, discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_iris
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.ports import Predictor
from foreseen.domain.tables.table import Reject
from foreseen.entrypoints.batch.score_table import score
from foreseen.settings import Settings
from foreseen.wiring.files import CsvRejectsEncoder, StreamSink
from foreseen.wiring.scoring import opened_run, wire_scoring
from support.in_process_service import service, wired_around
from support.models import answers, save

X, SPECIES = load_iris(return_X_y=True)
NAMES: Final = [f"x{place}" for place in range(X.shape[1])]
LABELS = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
WIDTHS = X[:, 3] * 1.1
ROWS = np.unique(X * 1.01, axis=0)[::4][:32]
"""As many as one call has, each once: equal ones are computed once."""

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: make_pipeline(StandardScaler(), linear_model.LogisticRegression()),
    "ridge": linear_model.RidgeClassifier,
    "gradient descent": lambda: linear_model.SGDClassifier(loss="log_loss", max_iter=50, random_state=0),
    "perceptron": lambda: linear_model.Perceptron(random_state=0),
    "linear discriminants": discriminant_analysis.LinearDiscriminantAnalysis,
    "quadratic discriminants": discriminant_analysis.QuadraticDiscriminantAnalysis,
    "naive Bayes": naive_bayes.GaussianNB,
    "neighbours": neighbors.KNeighborsClassifier,
    "nearest centroid": neighbors.NearestCentroid,
    "support vectors": svm.SVC,
    "linear support vectors": svm.LinearSVC,
    "tree": lambda: tree.DecisionTreeClassifier(random_state=0),
    "forest": lambda: ensemble.RandomForestClassifier(10, random_state=0),
    "extra trees": lambda: ensemble.ExtraTreesClassifier(10, random_state=0),
    "bagging": lambda: ensemble.BaggingClassifier(n_estimators=4, random_state=0),
    "AdaBoost": lambda: ensemble.AdaBoostClassifier(n_estimators=8, random_state=0),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0),
    "boosting by histograms": lambda: ensemble.HistGradientBoostingClassifier(max_iter=5),
    "voting": lambda: ensemble.VotingClassifier([("a", naive_bayes.GaussianNB())], voting="soft"),
    "stacking": lambda: ensemble.StackingClassifier([("t", tree.DecisionTreeClassifier(max_depth=2))], cv=2),
    "calibrated": lambda: CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2),
    "search": lambda: GridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [2, 3]}, cv=2),
    "network": lambda: MLPClassifier((8,), max_iter=30, random_state=0),
}  # fmt: skip
REGRESSORS: dict[str, Callable[[], Any]] = {
    "linear regression": linear_model.LinearRegression,
    "polynomial": lambda: make_pipeline(PolynomialFeatures(), linear_model.Ridge()),
    "lasso": lambda: linear_model.Lasso(0.01),
    "support vector regression": svm.SVR,
    "regression of neighbours": neighbors.KNeighborsRegressor,
    "regression forest": lambda: ensemble.RandomForestRegressor(10, random_state=0),
    "regression by histograms": lambda: ensemble.HistGradientBoostingRegressor(max_iter=5),
    "regression network": lambda: MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0),
    "regression by a Gaussian process": lambda: GaussianProcessRegressor(alpha=0.1, optimizer=None),
    "partial least squares": PLSRegression,
    "clusters": lambda: cluster.KMeans(3, n_init=1, random_state=0),
    "mixture": lambda: GaussianMixture(3, random_state=0),
    "outliers": lambda: ensemble.IsolationForest(n_estimators=8, random_state=0),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows in a file of each format."""
    folder, frame = tmp_path_factory.mktemp("inputs"), pd.DataFrame(ROWS, columns=NAMES)
    frame.to_csv(folder / "in.csv", index=False)
    frame.to_parquet(folder / "in.parquet")
    lines = [json.dumps(row) + "\n" for row in frame.to_dict("records")]  # pandas writes fifteen digits at most
    (folder / "in.jsonl").write_text("".join(lines))
    return folder


@pytest.mark.parametrize("name", [*CLASSIFIERS, *REGRESSORS])
def test_every_entrypoint_returns_the_bits_of_the_models_own_call(name: str, tmp_path: Path, inputs: Path) -> None:
    is_classifier = name in CLASSIFIERS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some do not converge, and need not
        model = CLASSIFIERS[name]().fit(X, LABELS) if is_classifier else REGRESSORS[name]().fit(X, WIDTHS)
    outputs = ("predict", *(("predict_proba",) if hasattr(model, "predict_proba") else ()))
    predictor = load_predictor(save(model, tmp_path), outputs=outputs, rows_per_call=len(ROWS))
    expected = own_answers(model)

    assert in_bits(answers(predictor, ROWS)) == in_bits(expected)
    with service(wired_around(predictor)) as served:
        assert in_bits(served.post({"instances": ROWS.tolist()}).json()["predictions"]) == in_bits(expected)
    files = asyncio.run(scored(predictor, inputs))
    assert in_bits(from_csv(files["csv"], is_classifier=is_classifier)) == in_bits(expected)
    assert in_bits(from_jsonl(files["jsonl"])) == in_bits(expected)
    assert in_bits(from_parquet(files["parquet"])) == in_bits(expected)


def own_answers(model: Any) -> list[dict[str, Any]]:
    """Return what a model answers when it is called by itself, with all rows at once."""
    found = [{"prediction": value} for value in model.predict(ROWS).tolist()]
    if hasattr(model, "predict_proba"):
        for one, row in zip(found, model.predict_proba(ROWS).tolist(), strict=True):
            labels = getattr(model, "classes_", None)
            one["probabilities"] = row if labels is None else dict(zip(map(str, labels), row, strict=True))
    return found


def in_bits(found: Any) -> Any:
    """Return answers with each number as the double that it is, bit by bit."""
    if isinstance(found, dict):
        return {name: in_bits(value) for name, value in found.items()}
    if isinstance(found, list):
        return [in_bits(value) for value in found]
    return found if isinstance(found, str) else float(found).hex()


def _none_is_rejected(reject: Reject) -> BinaryIO:
    raise AssertionError(reject)


async def scored(predictor: Predictor, inputs: Path) -> dict[str, bytes]:
    """Score the rows of each format into a file of that format."""
    found = {}
    for ending in ("csv", "jsonl", "parquet"):
        scoring = wire_scoring(Settings(model=inputs / "model.joblib", cache="none"), predictor, jobs=1)
        out = io.BytesIO()
        async with opened_run(scoring) as predict:
            with scoring.tables.opened([str(inputs / f"in.{ending}")], standard_input=io.BytesIO()) as reader:
                encoder = scoring.tables.encoder(reader.schema, path=f"out.{ending}", name="out")
                sink = StreamSink(
                    out, _none_is_rejected, name="out", encoder=encoder, rejects_encoder=CsvRejectsEncoder()
                )
                await score(predict, reader, encoder, sink, progress=lambda _: None)
                sink.finish()
        found[ending] = out.getvalue()
    return found


def from_csv(data: bytes, *, is_classifier: bool) -> list[dict[str, Any]]:
    """Read answers as HTTP has them."""
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    return [_answer(row, str if is_classifier else json.loads, json.loads) for row in rows]


def from_parquet(data: bytes) -> list[dict[str, Any]]:
    """Read answers as HTTP has them."""
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    return [_answer(row, lambda value: value, lambda value: value) for row in rows]


def _answer(row: dict[str, Any], label: Callable[[Any], Any], number: Callable[[Any], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"prediction": label(row["prediction"])}
    shares = {name.removeprefix("probability_"): number(row[name]) for name in row if name.startswith("probability_")}
    if shares or "probabilities" in row:
        found["probabilities"] = shares or number(row["probabilities"])
    return found


def from_jsonl(data: bytes) -> list[dict[str, Any]]:
    """Read answers as HTTP has them."""
    rows = map(json.loads, data.decode().splitlines())
    return [{name: value for name, value in row.items() if name not in NAMES} for row in rows]
