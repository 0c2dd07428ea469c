"""Answers: whatever a model returns becomes plain values, one to a row; whatever it raises is one of two errors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.scikit_learn.predictor import SklearnPredictor
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError, PredictionError
from foreseen.domain.signature import Feature, Kind, Signature
from support.models import OwnEstimator, OwnPredictor, answers, save
from support.own_models import Answering, Doubler, ImageSum, Labeller

ROWS = [[1.0], [-2.0], [3.0]]


def _predicted(answer: Any, *, kind: Kind = "other", outputs: tuple[str, ...] = ("predict",), **attributes: Any) -> Any:
    """Give what clients receive when a model answers three rows with this."""
    signature = Signature((Feature("a"),), kind)
    predictor = SklearnPredictor(Answering(answer, **attributes), signature=signature, outputs=outputs)
    bodies = predictor.predict(Batch.of(signature, {"a": [1.0, -2.0, 3.0]})).encode()
    values = [json.loads(body) for body in bodies]
    return [value["prediction" if outputs == ("predict",) else "probabilities"] for value in values]


NUMBERS = {
    "array": np.array([1.5, 2.0, -3.0]),
    "list": [1.5, 2.0, -3.0],
    "tuple": (1.5, 2.0, -3.0),
    "series": pd.Series([1.5, 2.0, -3.0], index=[7, 8, 9]),
    "objects": np.array([1.5, 2.0, -3.0], dtype=object),
    "float32": np.array([1.5, 2.0, -3.0], dtype=np.float32),
}


@pytest.mark.parametrize("answer", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_come_out_of_whatever_holds_them(answer: Any) -> None:
    assert _predicted(answer) == [1.5, 2.0, -3.0]


TABLES = {
    "array": np.array([[1, 0], [0, 2], [0, 0]]),
    "frame": pd.DataFrame({"p": [1, 0, 0], "q": [0, 2, 0]}),
    "sparse matrix": scipy.sparse.csr_matrix([[1, 0], [0, 2], [0, 0]]),
    "sparse array": scipy.sparse.coo_array([[1, 0], [0, 2], [0, 0]]),
    "lists": [[1, 0], [0, 2], [0, 0]],
}


@pytest.mark.parametrize("answer", TABLES.values(), ids=TABLES.keys())
def test_several_outputs_are_a_list_a_row(answer: Any) -> None:
    assert _predicted(answer) == [[1, 0], [0, 2], [0, 0]]
    assert _predicted(answer, kind="classification") == [["1", "0"], ["0", "2"], ["0", "0"]]


def test_answers_of_different_lengths_stay_lists() -> None:
    assert _predicted([[1], [1, 2], []]) == [[1], [1, 2], []]


def test_objects_and_strings_and_nothing_are_answers_too() -> None:
    assert _predicted([{"risk": 0.5}, None, "high"]) == [{"risk": 0.5}, None, "high"]


def test_a_classifier_shows_its_labels_as_strings() -> None:
    assert _predicted(np.array([True, False, True]), kind="classification") == ["True", "False", "True"]
    assert _predicted(np.array([1.0, 2.0, 3.0]), kind="classification") == ["1.0", "2.0", "3.0"]


def test_numbers_that_are_not_finite_become_null() -> None:
    assert _predicted([np.nan, np.inf, 1.0]) == [None, None, 1.0]
    assert _predicted([[-np.inf, 1.0]] * 3) == [[None, 1.0]] * 3
    probabilities = np.array([[np.nan, 1.0]] * 3)
    assert _predicted(probabilities, outputs=("predict_proba",), classes_=["n", "y"]) == [{"n": None, "y": 1.0}] * 3


@pytest.mark.parametrize(
    "answer", [None, 1.0, [1.0], [1.0] * 4, np.ones((1, 3)), "abc", pd.DataFrame({"a": [1, 2]})], ids=str
)
def test_an_answer_that_is_not_one_to_a_row_is_the_models_fault(answer: Any) -> None:
    with pytest.raises(PredictionError, match="expected 3 rows from predict"):
        _predicted(answer)


def test_an_answer_that_json_cannot_hold_is_the_models_fault() -> None:
    with pytest.raises(PredictionError, match="numbers, strings or lists"):
        _predicted([object(), 1, 2])


def test_a_refusal_by_value_error_is_the_callers_fault_and_one_line() -> None:
    with pytest.raises(InvalidBatchError) as caught:
        _predicted(ValueError("too small\nmore of it"))

    assert str(caught.value) == "expected values that the model takes, got a refusal: too small"


@pytest.mark.parametrize("error", [KeyError("k"), TypeError("t"), ZeroDivisionError("z"), MemoryError("m")], ids=repr)
def test_any_other_error_is_the_models_fault(error: Exception) -> None:
    with pytest.raises(PredictionError, match=f"the model failed in predict: {type(error).__name__}"):
        _predicted(error)


def test_probabilities_stand_under_their_labels() -> None:
    rows = [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]

    assert _predicted(rows, outputs=("predict_proba",), classes_=np.array([10, 20])) == [
        {"10": p, "20": q} for p, q in rows
    ]


def test_probabilities_without_labels_are_a_list() -> None:
    assert _predicted(np.full((3, 2), 0.5), outputs=("predict_proba",)) == [[0.5, 0.5]] * 3


def test_as_many_rows_as_classes_are_not_taken_for_several_outputs() -> None:
    rows = [[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]]

    assert _predicted(rows, outputs=("predict_proba",), classes_=["a", "b", "c"]) == [
        dict(zip("abc", row, strict=True)) for row in rows
    ]


@pytest.mark.parametrize("answer", [np.full(3, 0.5), np.full((3, 3), 0.5), np.full((3, 1), 0.5)], ids=np.shape)
def test_probabilities_that_are_not_one_to_a_class_are_the_models_fault(answer: Any) -> None:
    with pytest.raises(PredictionError, match="one probability from predict_proba for each of 2 classes"):
        _predicted(answer, outputs=("predict_proba",), classes_=["n", "y"])


def test_one_output_with_too_few_rows_among_several_is_the_models_fault() -> None:
    with pytest.raises(PredictionError, match="expected 3 rows from predict_proba"):
        _predicted([np.full((3, 2), 0.5), np.full((2, 2), 0.5)], outputs=("predict_proba",))


def test_a_class_of_ones_own_answers_once_its_features_are_named(tmp_path: Path) -> None:
    predictor = load_predictor(save(Doubler(), tmp_path), features=["a", "b"])

    assert predictor.info.signature.kind == "other"
    assert answers(predictor, [[1.5, 0.0], [2.0, 9.0]]) == [{"prediction": 3.0}, {"prediction": 4.0}]


def test_a_class_of_ones_own_with_labels_is_a_classifier(tmp_path: Path) -> None:
    predictor = load_predictor(save(Labeller(), tmp_path), features=["a"], outputs=("predict", "predict_proba"))

    assert predictor.info.signature.kind == "classification"
    assert predictor.info.signature.classes == ("no", "yes")
    assert answers(predictor, ROWS[:2]) == [
        {"prediction": "yes", "probabilities": {"no": 0.0, "yes": 1.0}},
        {"prediction": "no", "probabilities": {"no": 1.0, "yes": 0.0}},
    ]


def test_a_class_of_ones_own_gets_images_as_they_are(tmp_path: Path) -> None:
    path = save(ImageSum(), tmp_path)
    (tmp_path / "model.toml").write_text('[[features]]\nname = "image"\nshape = [2, 3]\n')
    predictor = load_predictor(path)

    batch = Batch.of(predictor.info.signature, {"image": np.arange(12.0).reshape(2, 2, 3)})

    assert predictor.predict(batch).outputs["prediction"] == [15.0, 51.0]


@pytest.mark.parametrize("model", [OwnEstimator().fit(ROWS, [2.0]), OwnPredictor()], ids=lambda m: type(m).__name__)
def test_an_estimator_of_ones_own_is_not_held_to_conventions(model: Any, tmp_path: Path) -> None:
    predictor = load_predictor(save(model, tmp_path), features=["a"])

    assert [one["prediction"] for one in answers(predictor, ROWS)] == model.predict(np.array(ROWS)).tolist()
