"""Every part of a model runs on one thread, so that sums are added up in one order."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.unpickling.unpickle import unpickle
from support.models import batch_of, save
from support.own_models import ReadOnlyJobs

X, Y = load_iris(return_X_y=True)


def _forest() -> RandomForestClassifier:
    return RandomForestClassifier(3, random_state=0, n_jobs=2)


NESTED = {
    "alone": _forest(),
    "pipeline": make_pipeline(StandardScaler(), _forest()),
    "columns": make_pipeline(ColumnTransformer([("s", StandardScaler(), [0, 1])], n_jobs=2), _forest()),
    "union": make_pipeline(FeatureUnion([("s", StandardScaler())], n_jobs=2), GaussianNB()),
    "search": GridSearchCV(_forest(), {"max_depth": [2]}, cv=2, n_jobs=1, pre_dispatch=1),
    "voting": VotingClassifier([("f", _forest()), ("g", GaussianNB())], n_jobs=2),
    "stacking": StackingClassifier([("f", _forest())], final_estimator=_forest(), cv=2),
    "many outputs": MultiOutputClassifier(_forest(), n_jobs=2),
}


@pytest.mark.parametrize("name", NESTED)
def test_every_part_is_set_to_one_thread(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = NESTED[name].fit(X, np.column_stack([Y, Y]) if name == "many outputs" else Y)
    path = save(model, tmp_path)
    with open_model_file(path) as file:
        loaded = unpickle(file)
    assert {2, None} & set(_jobs(loaded)), "nothing to force"
    monkeypatch.setattr("foreseen.adapters.predictor.loaders.pickle_loader.unpickle", lambda file, _: loaded)

    load_predictor(path)

    assert set(_jobs(loaded)) == {1}


def test_a_step_whose_threads_cannot_be_set_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load_predictor(save(ReadOnlyJobs(), tmp_path), features=["a"])

    assert [record.getMessage() for record in caplog.records] == [
        "n_jobs of ReadOnlyJobs cannot be set to 1: answers may differ in their last bits"
    ]


def test_a_forest_with_threads_repeats_every_bit(tmp_path: Path) -> None:
    images, target = load_digits(return_X_y=True)
    forest = ExtraTreesClassifier(60, random_state=0, n_jobs=2).fit(images[:300], target[:300])
    predictor = load_predictor(save(forest, tmp_path), outputs=("predict_proba",), rows_per_call=0)
    batch = batch_of(predictor.info.signature, images[:200])

    first = predictor.predict(batch).encode()

    assert [predictor.predict(batch).encode() == first for _ in range(5)] == [True] * 5


def test_a_functions_module_is_not_looked_into() -> None:
    found = list(parts(make_pipeline(FunctionTransformer(np.log1p), GaussianNB())))

    assert any(part is np.log1p for part in found)
    assert not any(part is np for part in found)


def test_steps_that_refer_to_one_another_are_visited_once() -> None:
    ring: list[Any] = [{}]
    ring[0]["again"] = ring

    assert list(parts(ring)) == [ring, ring[0]]


def _jobs(model: Any) -> list[Any]:
    return [part.n_jobs for part in parts(model) if not isinstance(part, type) and hasattr(part, "n_jobs")]
