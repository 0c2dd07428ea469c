"""A model that is loaded answers small calls by its engine, and says so."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

from foreseen.adapters.predictor.engines import load_engine
from foreseen.adapters.predictor.engines.break_even import SIZES
from foreseen.adapters.predictor.engines.load_engine import EngineChoice
from foreseen.adapters.predictor.engines.verification import BitsDifferError
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from support.models import iris_frame, iris_logistic, save
from support.tree_models import FEW, IRIS, WORDS

NAMED, _ = iris_frame()


def mixed_columns() -> pd.DataFrame:
    return NAMED.assign(colour=np.where(IRIS[:, 0] > 5.8, "red", "blue"))


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(**FEW)


MODELS = {
    "alone": lambda: forest().fit(IRIS, WORDS),
    "of a frame": lambda: forest().fit(NAMED, WORDS),
    "behind a scaler": lambda: make_pipeline(StandardScaler(), forest()).fit(NAMED, WORDS),
    "behind columns": lambda: make_pipeline(
        make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough"), forest()
    ).fit(mixed_columns(), WORDS),
    "search": lambda: GridSearchCV(forest(), {"max_depth": [2]}, cv=2).fit(IRIS, WORDS),
    "search behind a scaler": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=3)),
        {"histgradientboostingclassifier__max_depth": [2]},
        cv=2,
    ).fit(IRIS, WORDS),
}


@pytest.fixture(autouse=True)
def fast_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine be faster for any call: on a busy machine it may be found slower."""
    monkeypatch.setattr(load_engine, "break_even", lambda *_, **__: SIZES[-1])


@pytest.mark.parametrize("name", MODELS)
def test_trees_keep_the_answers_and_fingerprint_of_their_library(name: str, tmp_path: Path) -> None:
    path = save(MODELS[name](), tmp_path)
    by_engine, by_library = load(path), load(path, engine="library")
    probe = probe_batch(by_engine.info.signature)

    assert by_engine.info.engine.name == "treelite 4.8.1"
    assert str(by_engine.info.engine) == "treelite 4.8.1, verified on 4,096 instances"
    assert by_engine.info.engine.size_bytes > 0
    assert by_engine.info == by_library.info
    expected = by_library.predict(probe).encode().bodies
    assert by_engine.predict(probe).encode().bodies == expected
    assert [body for row in range(64) for body in by_engine.predict(probe.take([row])).encode().bodies] == expected


def test_the_library_answers_where_that_was_chosen(tmp_path: Path) -> None:
    loaded = load(save(MODELS["alone"](), tmp_path), engine="library")

    assert str(loaded.info.engine) == "library (as chosen)"


def test_a_model_of_no_family_is_the_librarys(tmp_path: Path) -> None:
    loaded = load(save(iris_logistic(), tmp_path))

    assert str(loaded.info.engine) == "library (LogisticRegression is of no family with an engine)"


@pytest.mark.parametrize(
    ("transformer", "reason"),
    [(PCA(2), "a transformer may compute rows together")],
)
def test_a_pipeline_that_multiplies_matrices_is_the_librarys(transformer: Any, reason: str, tmp_path: Path) -> None:
    loaded = load(save(make_pipeline(transformer, forest()).fit(IRIS, WORDS), tmp_path))

    assert loaded.info.engine.reason == reason


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_in_a_sparse_matrix_is_the_librarys(tmp_path: Path) -> None:
    frame = mixed_columns()[["colour", "sepal_length"]]
    logarithm = make_pipeline(MinMaxScaler(feature_range=(100, 101)), FunctionTransformer(np.log))
    transformer = make_column_transformer(
        (OneHotEncoder(), ["colour"]), (logarithm, ["sepal_length"]), sparse_threshold=1
    )
    loaded = load(save(make_pipeline(transformer, forest()).fit(frame, WORDS), tmp_path))

    assert loaded.info.engine.name
    with pytest.raises(InvalidBatchError, match="NaN"):
        loaded.predict(Batch.of_rows(loaded.info.signature, [["red", -1e6]]))


def test_a_replaced_method_is_the_librarys(tmp_path: Path) -> None:
    model = forest().fit(IRIS, WORDS)
    model.decision_function = np.zeros  # which can be saved

    loaded = load(save(model, tmp_path))

    assert loaded.info.engine.reason == "its decision_function was replaced"


def test_other_bits_leave_the_model_to_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def differ(*_: object) -> None:
        raise BitsDifferError("predict differs for [1.0, 2.0]")

    monkeypatch.setattr(load_engine, "verify", differ)

    loaded = load(save(MODELS["alone"](), tmp_path))

    assert loaded.info.engine.reason == "the engine's bits differ"
    assert "the library computes every answer, since with the engine predict differs for [1.0, 2.0]" in caplog.text


def test_an_engine_that_fails_leaves_the_model_to_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(load_engine, "verify", fail)

    loaded = load(save(MODELS["alone"](), tmp_path))

    assert loaded.info.engine.reason == "the engine could not be compared"
    assert len(loaded.predict(probe_batch(loaded.info.signature))) == 64


def load(
    path: Path, *, engine: EngineChoice = "auto", outputs: tuple[str, ...] = ("predict", "predict_proba")
) -> Predictor:
    return load_predictor(path, outputs=outputs, engine=engine)
