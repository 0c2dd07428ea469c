"""Answers: whatever a model returns becomes plain values, one to a row; whatever it raises is one of two errors."""

import json
import pickle
import signal
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.domain.errors import (
    InvalidBatchError,
    ModelUnavailableError,
    PredictionError,
    TerminatedError,
    UnanswerableError,
)
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import decoded
from foreseen.domain.values.signature import Feature, Kind, Signature
from support.models import OwnEstimator, OwnPredictor, answers, save
from support.own_models import Answering, Colour, Doubler, ImageSum, Labeller

ROWS = [[1.0], [-2.0], [3.0]]
KNOT: list[Any] = []
KNOT.append(KNOT)


def _predicted(answer: Any, *, kind: Kind = "other", outputs: tuple[str, ...] = ("predict",), **attributes: Any) -> Any:
    """Return what clients receive when a model answers three rows with this."""
    return _asked(Answering(answer, **attributes), kind=kind, outputs=outputs)


def _asked(model: Any, *, kind: Kind = "other", outputs: tuple[str, ...] = ("predict",)) -> Any:
    """Return what clients receive when a model is called with three rows."""
    signature = Signature((Feature("a"),), kind)
    predictor = SklearnPredictor(model, signature=signature, outputs=outputs)
    bodies = predictor.predict(Batch.of(signature, {"a": [1.0, -2.0, 3.0]})).encode().bodies
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
def test_numbers_are_read_from_any_container(answer: Any) -> None:
    assert _predicted(answer) == [1.5, 2.0, -3.0]


MATRICES = {
    "array": np.array([[1, 0], [0, 2], [0, 0]]),
    "matrix": np.array([[1, 0], [0, 2], [0, 0]]).view(np.matrix),
    "sparse matrix": scipy.sparse.csr_matrix([[1, 0], [0, 2], [0, 0]]),
    "sparse array": scipy.sparse.coo_array([[1, 0], [0, 2], [0, 0]]),
}


@pytest.mark.parametrize("answer", MATRICES.values(), ids=MATRICES.keys())
def test_several_outputs_are_a_list_a_row(answer: Any) -> None:
    assert _predicted(answer) == [[1, 0], [0, 2], [0, 0]]
    assert _predicted(answer, kind="classification") == [["1", "0"], ["0", "2"], ["0", "0"]]


@pytest.mark.parametrize("kind", ["other", "classification"])
def test_lists_of_an_own_model_are_unchanged(kind: Kind) -> None:
    assert _predicted([[1], [1, "2"], []], kind=kind) == [[1], [1, "2"], []]


COLUMNS = {
    "array": np.array([[1.5], [2.0], [-3.0]]),
    "frame": pd.DataFrame({"p": [1.5, 2.0, -3.0]}),
    "sparse matrix": scipy.sparse.csr_matrix([[1.5], [2.0], [-3.0]]),
    "table of pyarrow": pa.table({"p": [1.5, 2.0, -3.0]}),
    "dict": {"p": [1.5, 2.0, -3.0]},
}


@pytest.mark.parametrize("answer", COLUMNS.values(), ids=COLUMNS.keys())
def test_one_column_is_one_answer_a_row(answer: Any) -> None:
    assert _predicted(answer) == [1.5, 2.0, -3.0]
    assert _predicted(answer, kind="classification", classes_=[1.5, 2.0, -3.0]) == ["1.5", "2.0", "-3.0"]


NAMED = {
    "frame": pd.DataFrame({"p": [1, 2, 3], "q": ["a", None, "c"]}),
    "table of pyarrow": pa.table({"p": [1, 2, 3], "q": ["a", None, "c"]}),
    "dict of columns": {"p": np.array([1, 2, 3]), "q": ["a", None, "c"]},
    "records": np.array([(1, "a"), (2, None), (3, "c")], dtype=[("p", "i4"), ("q", object)]),
}


@pytest.mark.parametrize("answer", NAMED.values(), ids=NAMED.keys())
def test_columns_that_have_names_keep_them(answer: Any) -> None:
    expected = [{"p": 1, "q": "a"}, {"p": 2, "q": None}, {"p": 3, "q": "c"}]
    assert _predicted(answer) == expected
    assert _predicted(answer, kind="classification") == expected


def test_columns_of_one_name_are_the_models_fault() -> None:
    with pytest.raises(UnanswerableError, match="a name of its own, got 'p' twice"):
        _predicted(pd.DataFrame([[1, 2]] * 3, columns=["p", "p"]))


MASKED = {
    "masked array": np.ma.array([1, 2, 3], mask=[False, True, False]),
    "nullable column": pd.Series([1, None, 3], dtype="Int64"),
    "column of Arrow's": pd.Series([1, None, 3], dtype=pd.ArrowDtype(pa.int64())),
    "array of pyarrow": pa.array([1, None, 3]),
    "objects": np.array([1, pd.NA, 3], dtype=object),
}


@pytest.mark.parametrize("answer", MASKED.values(), ids=MASKED.keys())
def test_a_masked_value_is_null_beside_integers(answer: Any) -> None:
    assert [repr(value) for value in _predicted(answer)] == ["1", "None", "3"]


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_instants_are_iso_8601_and_null_where_there_is_none(unit: str) -> None:
    at = np.array(["2024-01-02T03:04:05.5", "NaT", "1966-10-14"], dtype="M8[us]").astype(f"M8[{unit}]")
    shown = {
        "D": ["2024-01-02", None, "1966-10-14"],
        "s": ["2024-01-02T03:04:05", None, "1966-10-14T00:00:00"],
    }.get(unit, ["2024-01-02T03:04:05.500000", None, "1966-10-14T00:00:00"])

    assert _predicted(at) == shown
    assert _predicted(np.ma.array(at, mask=[True, False, False])) == [None, *shown[1:]]
    if unit != "D":
        assert _predicted(pd.Series(at)) == shown


def test_a_generator_is_read_once_and_counted() -> None:
    class Yielding:
        def __init__(self, count: int) -> None:
            self.count = count

        def predict(self, rows: Any) -> Any:
            return (float(row[0]) for row in [*rows, *rows][: self.count])

    assert _asked(Yielding(3)) == [1.0, -2.0, 3.0]
    for count, got in ((2, "2"), (5, "more")):
        with pytest.raises(PredictionError, match=f"expected 3 rows from predict, one answer each, got {got}"):
            _asked(Yielding(count))


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
    "answer",
    [
        None,
        1.0,
        [1.0],
        [1.0] * 4,
        np.ones((1, 3)),
        np.array(1.0),
        "abc",
        {1, 2, 3},
        {"a": 1.0},
        pd.DataFrame({"a": [1]}),
    ],
    ids=str,
)
def test_a_wrong_number_of_answers_is_the_models_fault(answer: Any) -> None:
    with pytest.raises(PredictionError, match="expected 3 rows from predict"):
        _predicted(answer)


HOPELESS: dict[str, tuple[Any, str]] = {
    "object": ([object(), 1, 2], "got a value of type object"),
    "complex": (np.array([1j, 1, 1]), "got a value of type complex"),
    "function": ([{"f": len}] * 3, "got a value of type builtin_function_or_method"),
    "half a character": (["\ud83d"] * 3, "text that UTF-8 can hold"),
    "years": (np.array([1, 2, 3], dtype="m8[Y]"), "a timedelta64 in 'Y'"),
    "names that are one": ([{1: 0, "1": 0}] * 3, "dicts whose keys differ as text"),
    "a list in itself": ([KNOT] * 3, "nested less deeply"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_an_answer_without_a_json_form_is_the_models_fault(name: str) -> None:
    answer, said = HOPELESS[name]
    with pytest.raises(UnanswerableError, match=said):
        _predicted(answer)


def test_a_model_with_unsendable_answers_is_rejected_at_load(tmp_path: Path) -> None:
    path = save(Answering([1j]), tmp_path)

    with pytest.raises(ModelUnavailableError, match="got a value of type complex; convert it in the model") as caught:
        load_predictor(path, features=["a"])

    assert str(path) in str(caught.value)


def test_a_value_error_is_the_callers_fault_in_one_line() -> None:
    with pytest.raises(InvalidBatchError) as caught:
        _predicted(ValueError("too small\nmore of it"))

    assert str(caught.value) == "expected values that the model accepts, got its error: too small"


class ShyError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not to be read")

    def __reduce__(self) -> Any:
        raise TypeError("not to be pickled")


FAILURES = [
    KeyError("k"), TypeError("t"), MemoryError("m"), StopIteration("s"), SystemExit(0), GeneratorExit(), ShyError(),
    KeyboardInterrupt(),
]  # fmt: skip


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_any_other_error_is_the_models_fault(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.getsignal", lambda _: None)  # so that no Ctrl-C raises what the model raises

    with pytest.raises(PredictionError, match=f"^the model failed in predict: {type(error).__name__}") as caught:
        _predicted(error)

    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_exception_of_a_signal_is_not_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.getsignal", lambda _: signal.default_int_handler)  # a shell may have it ignored

    for raised in (KeyboardInterrupt(), TerminatedError(143)):
        with pytest.raises(type(raised)):
            _predicted(raised)


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_a_long_message_is_one_line_and_cut(error: type[Exception]) -> None:
    with pytest.raises((PredictionError, InvalidBatchError)) as caught:
        _predicted(error("word " * 10_000 + "\nmore"))

    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_probabilities_stand_under_their_labels() -> None:
    rows = [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]

    assert _predicted(rows, outputs=("predict_proba",), classes_=np.array([10, 20])) == [
        {"10": p, "20": q} for p, q in rows
    ]


LABELS: dict[str, tuple[Any, Sequence[str]]] = {
    "ints": ([0, 1, 2], ["0", "1", "2"]),
    "floats": ([0.0, 1.0, 2.5], ["0.0", "1.0", "2.5"]),
    "bools": ([False, True], ["False", "True"]),
    "strings of numpy": ([np.str_("a"), np.str_("b")], ["a", "b"]),
    "bytes": ([b"a", b"b"], ["a", "b"]),
    "dates": ([date(2024, 1, 2), date(2024, 1, 3)], ["2024-01-02", "2024-01-03"]),
    "instants": (np.array(["2024-01-02", "2024-01-03"], dtype="M8[D]"), ["2024-01-02", "2024-01-03"]),
    "tuples": ([("a", 1), ("a", 2)], ['["a",1]', '["a",2]']),
    "members": ([Colour.RED, Colour.BLUE], ["red", "3"]),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_every_kind_come_back_under_their_text(name: str) -> None:
    labels, texts = LABELS[name]
    answer = [labels[place % len(labels)] for place in range(3)]
    probabilities = np.full((3, len(labels)), 0.5)

    assert _predicted(answer, kind="classification", classes_=labels) == [texts[n % len(texts)] for n in range(3)]
    assert _predicted(probabilities, outputs=("predict_proba",), classes_=labels) == [dict.fromkeys(texts, 0.5)] * 3


@pytest.mark.parametrize("answer", [[1.0, True, 0], np.array([1.0, 1.0, 0.0]), [[1], [1], [0]]], ids=str)
def test_a_value_equal_to_a_class_is_that_class(answer: Any) -> None:
    assert _predicted(answer, kind="classification", classes_=[0, 1]) == ["1", "1", "0"]


def test_a_label_that_is_missing_is_null() -> None:
    for answer in ([None, "a", "a"], np.array([np.nan, "a", "a"], dtype=object), pd.Series([None, "a", "a"])):
        assert _predicted(answer, kind="classification", classes_=["a"]) == [None, "a", "a"]


@pytest.mark.parametrize(
    "classes", [[1, "1"], [None, "null"], [1, True], [np.array([0, 1]), ["a", "a"]], [1j], 5], ids=str
)
def test_indistinguishable_labels_are_rejected(classes: Any) -> None:
    with pytest.raises(ModelUnavailableError, match="classes_: expected "):
        _predicted([1, 1, 1], kind="classification", classes_=classes)


def test_probabilities_of_a_table_stand_under_its_own_names() -> None:
    table = pd.DataFrame({"y": [0.25] * 3, "n": [0.75] * 3})

    for answer in (table, table.to_dict("records"), table[["n", "y"]].set_axis([0, 1], axis=1)):
        assert _predicted(answer, outputs=("predict_proba",), classes_=["n", "y"]) == [{"n": 0.75, "y": 0.25}] * 3
    with pytest.raises(UnanswerableError, match="each of 2 classes, got those of y, m"):
        _predicted(table.set_axis(["y", "m"], axis=1), outputs=("predict_proba",), classes_=["n", "y"])


def test_probabilities_without_labels_are_a_list() -> None:
    assert _predicted(np.full((3, 2), 0.5), outputs=("predict_proba",)) == [[0.5, 0.5]] * 3


def test_as_many_rows_as_classes_are_not_several_outputs() -> None:
    rows = [[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0]]

    assert _predicted(rows, outputs=("predict_proba",), classes_=["a", "b", "c"]) == [
        dict(zip("abc", row, strict=True)) for row in rows
    ]


@pytest.mark.parametrize("answer", [np.full(3, 0.5), np.full((3, 3), 0.5), np.full((3, 1), 0.5)], ids=np.shape)
def test_a_wrong_number_of_probabilities_is_the_models_fault(answer: Any) -> None:
    with pytest.raises(PredictionError, match="one probability from predict_proba for each of 2 classes"):
        _predicted(answer, outputs=("predict_proba",), classes_=["n", "y"])


def test_one_output_with_too_few_rows_is_the_models_fault() -> None:
    with pytest.raises(PredictionError, match="expected 3 rows from predict_proba"):
        _predicted([np.full((3, 2), 0.5), np.full((2, 2), 0.5)], outputs=("predict_proba",))


def test_an_own_class_answers_once_its_features_are_named(tmp_path: Path) -> None:
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


def test_an_own_class_gets_images_unchanged(tmp_path: Path) -> None:
    path = save(ImageSum(), tmp_path)
    (tmp_path / "model.toml").write_text('[[features]]\nname = "image"\nshape = [2, 3]\n')
    predictor = load_predictor(path)

    batch = Batch.of(predictor.info.signature, {"image": np.arange(12.0).reshape(2, 2, 3)})

    assert decoded(predictor.predict(batch).encode()).outputs["prediction"] == [15.0, 51.0]


@pytest.mark.parametrize("model", [OwnEstimator().fit(ROWS, [2.0]), OwnPredictor()], ids=lambda m: type(m).__name__)
def test_an_own_estimator_needs_no_conventions(model: Any, tmp_path: Path) -> None:
    predictor = load_predictor(save(model, tmp_path), features=["a"])

    assert [one["prediction"] for one in answers(predictor, ROWS)] == model.predict(np.array(ROWS)).tolist()
