"""The first steps of a pipeline are called with as many rows as there are, and no bit of an answer changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, PolynomialFeatures, StandardScaler

from foreseen.adapters.predictor.call_sizes.separable_first_steps import steps_of
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.loaders import object_loading as loading
from foreseen.adapters.predictor.scikit_learn.inputs.prepared_rows import prepared_rows
from foreseen.domain.values.batch import Batch
from support.models import save
from support.own_functions import as_text

random = np.random.default_rng(3)
SHOPS = pd.DataFrame(
    {"price": random.normal(9, 4, 150), "age": random.gamma(2, 9, 150), "town": random.choice(list("abcdefg"), 150)}
)
IS_SOLD = (SHOPS.price + random.normal(0, 3, 150) > 9).astype(int)
NUMBERS = ["price", "age"]


def _columns(**options: Any) -> Any:
    return make_column_transformer((StandardScaler(), NUMBERS), (OneHotEncoder(**options), ["town"]))


PIPELINES: dict[str, Callable[[], Any]] = {
    "a scaler": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "powers": lambda: make_pipeline(PolynomialFeatures(3), StandardScaler(), Ridge()),
    "dense columns": lambda: make_pipeline(_columns(sparse_output=False), LogisticRegression()),
    "sparse columns": lambda: make_pipeline(_columns().set_params(sparse_threshold=1.0), LogisticRegression()),
    "frames": lambda: make_pipeline(_columns(sparse_output=False).set_output(transform="pandas"), Ridge()),
    "a network": lambda: make_pipeline(
        StandardScaler(), "passthrough", MLPRegressor(hidden_layer_sizes=(9,), max_iter=5, random_state=0)
    ),
    "components": lambda: make_pipeline(StandardScaler(), PCA(2, random_state=0), Ridge()),
    "a search": lambda: GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}, cv=2),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", PIPELINES)
def test_no_bit_changes_where_the_first_steps_are_called_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = SHOPS if "columns" in name or name == "frames" else SHOPS[NUMBERS]
    model = PIPELINES[name]().fit(frame, IS_SOLD)
    path = save(model, tmp_path)
    outputs = ("predict_proba",) if hasattr(model, "predict_proba") else ("predict",)
    assert steps_of(model)

    def answers() -> list[bytes]:
        predictor = load_predictor(path, outputs=outputs)
        return predictor.predict(Batch.of(predictor.info.signature, frame.to_dict("list"))).encode().bodies

    found = answers()
    monkeypatch.setattr(loading, "steps_of", lambda _: None)

    assert found == answers()


def test_texts_are_prepared_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["good film", "bad film", "film", "no film at all"] * 9
    path = save(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0] * 9), tmp_path)

    def answers() -> list[bytes]:
        predictor = load_predictor(path, features=["review"], outputs=("predict_proba",))
        return predictor.predict(Batch.of(predictor.info.signature, {"review": texts})).encode().bodies

    found = answers()
    monkeypatch.setattr(loading, "steps_of", lambda _: None)

    assert found == answers()


class Derived(Pipeline):  # type: ignore[misc] # it ships no types
    """A class of the user's own, which may call its steps otherwise."""


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), RandomForestClassifier(2)),
        make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
        make_pipeline(PCA(2), LogisticRegression()),
        Derived([("scaler", StandardScaler()), ("last", LogisticRegression())]),
        LogisticRegression(),
    ],
    ids=["all of it is independent", "own function first", "a matrix first", "derived", "no pipeline"],
)
def test_a_model_without_such_steps_is_called_whole(model: Any) -> None:
    assert steps_of(model.fit(SHOPS[NUMBERS], IS_SOLD)) is None


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_have_the_memory_layout_of_their_matrix(order: Any) -> None:
    rows = prepared_rows(np.asarray(random.normal(size=(9, 4)), order=order))

    assert rows
    taken = rows.take([1, 3, 3])
    assert len(taken) == 3
    assert taken.values.flags.f_contiguous == (order == "F")
    assert taken.values.tolist() == [rows.values[row].tolist() for row in (1, 3, 3)]


def test_data_without_rows_is_not_prepared() -> None:
    assert prepared_rows([[1.0], [2.0]]) is None
    assert prepared_rows(np.zeros(3)) is None
