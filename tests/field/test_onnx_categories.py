"""Graphs of ONNX that reject unknown categories: they are tried with known ones, and say what they expected."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.in_process_service import service, wired_with
from support.onnx_models import OPSETS, network, saved, tensor

SHIRTS = pd.DataFrame({"side": ["east", "west"] * 6, "size": ["S", "M", "L"] * 4, "n": np.arange(12.0)})
NUMBERS = np.array([[1, 20], [3, 40], [5, 60]] * 4)
SOLD = [0, 1, 1] * 4


def graph(model: Any, **types: Any) -> bytes:
    """Return a fitted model as a graph with these inputs."""
    return bytes(to_onnx(model, initial_types=list(types.items()), target_opset=OPSETS).SerializeToString())


def columns(encoder: OneHotEncoder) -> bytes:
    """Return a graph with an input for each column."""
    encoded = make_column_transformer((encoder, ["side", "size"]), (StandardScaler(), ["n"]))
    fitted = make_pipeline(encoded, LogisticRegression()).fit(SHIRTS, SOLD)
    text = StringTensorType([None, 1])
    return graph(fitted, side=text, size=text, n=FloatTensorType([None, 1]))


def matrix(values: Any, kind: Any) -> bytes:
    """Return a graph with one input of several columns."""
    return graph(make_pipeline(OneHotEncoder(), DecisionTreeClassifier(random_state=0)).fit(values, SOLD), X=kind)


TEXTS = SHIRTS[["side", "size"]].to_numpy(object)
GRAPHS: dict[str, tuple[Callable[[], bytes], dict[str, object], dict[str, object], str]] = {
    "columns": (
        lambda: columns(OneHotEncoder()),
        {"side": "east", "size": "L", "n": 3.0}, {"size": "XL"},
        "input 'size': expected one of its categories, 'L', 'M', 'S', got 'XL'",
    ),
    "columns without their first category": (
        lambda: columns(OneHotEncoder(drop="first")),
        {"side": "east", "size": "L", "n": 3.0}, {"side": ""},
        "input 'side': expected one of its categories, 'east', 'west', got ''",
    ),
    "a matrix of texts": (
        lambda: matrix(TEXTS, StringTensorType([None, 2])),
        {"x0": "east", "x1": "L"}, {"x0": "L"},
        "input 'X', value 1 of 2: expected one of its categories, 'east', 'west', got 'L'",
    ),
    "a matrix of integers": (
        lambda: matrix(NUMBERS, Int64TensorType([None, 2])),
        {"x0": 1, "x1": 20}, {"x1": 1},
        "input 'X', value 2 of 2: expected one of its categories, 20, 40, 60, got 1",
    ),
}  # fmt: skip
"""A graph, an instance of known categories, what makes one of them unknown, and what is said of that."""


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_tried_with_the_categories_that_it_knows(name: str, tmp_path: Path) -> None:
    made, known, _, _ = GRAPHS[name]
    signature = load_predictor(saved(made(), tmp_path)).info.signature

    texts = {name: value for name, value in known.items() if not isinstance(value, float)}
    assert {name: signature.example_instance()[name] for name in texts} == texts
    assert signature.classes == ("0", "1")


@pytest.mark.parametrize("name", GRAPHS)
def test_an_unknown_category_is_rejected_by_its_input_and_known_ones_are_answered(name: str, tmp_path: Path) -> None:
    made, known, unknown, said = GRAPHS[name]
    path = saved(made(), tmp_path)

    with service(wired_with(path)) as client:
        answered = client.post({"instances": [known]})
        rejected = client.post({"instances": [known | unknown]})

    assert answered.json() == {"predictions": [{"prediction": predicted(path, known)}]}
    assert rejected.status == 422
    assert said in rejected.body.decode()


def replaced() -> bytes:
    """Return a graph that takes a missing text for the most frequent one."""
    encoder = make_pipeline(SimpleImputer(strategy="most_frequent", missing_values=""), OneHotEncoder())
    fitted = make_pipeline(make_column_transformer((encoder, ["side", "size"])), LogisticRegression())
    return graph(fitted.fit(SHIRTS, SOLD), side=StringTensorType([None, 1]), size=StringTensorType([None, 1]))


def differing(*known: list[str]) -> bytes:
    """Return a graph with several encoders of one column, which know different categories."""
    encoders = ((OneHotEncoder(categories=[each]), ["side"]) for each in known)
    fitted = make_pipeline(make_column_transformer(*encoders), LogisticRegression()).fit(SHIRTS[["side"]], SOLD)
    return graph(fitted, side=StringTensorType([None, 1]))


MANY: dict[str, object] = {f"x{place}": 20 * (place % 2) + 1 for place in range(300)}
BOTH = (["north", "east", "west"], ["west", "east", "south"])
UNKNOWN: dict[str, tuple[Callable[[], bytes], dict[str, object], dict[str, object], str]] = {
    "a fraction that is cut off": (
        lambda: matrix(NUMBERS.astype(np.float32), FloatTensorType([None, 2])),
        {"x0": 1.5, "x1": 20}, {"x1": 99},
        "categories, 20, 40, 60, got 99.0",
    ),
    "a negative fraction that is cut off": (
        lambda: matrix(NUMBERS.astype(np.float32) * -1, FloatTensorType([None, 2])),
        {"x0": -1.5, "x1": -20}, {"x1": 99},
        "categories, -60, -40, -20, got 99.0",
    ),
    "a missing text that is replaced": (
        replaced, {"side": "", "size": "M"}, {"size": "q"}, "categories, 'L', 'M', 'S', got 'q'"
    ),
    "a category that one of two encoders knows": (
        lambda: differing(*BOTH), {"side": "east"}, {"side": "north"}, "categories, 'east', 'west', got 'north'"
    ),
    "a category that the other one knows": (
        lambda: differing(*BOTH), {"side": "west"}, {"side": "south"}, "categories, 'east', 'west', got 'south'"
    ),
    "one of very many columns": (
        lambda: matrix(np.tile([[1, 21], [3, 23], [5, 25]] * 4, 150), Int64TensorType([None, 300])),
        MANY, {"x299": 1},
        "categories, 21, 23, 25, got 1",
    ),
}  # fmt: skip
"""A graph, an instance that it answers, what an encoder of it does not know, and what is said of that."""


@pytest.mark.parametrize("name", UNKNOWN)
def test_only_what_an_encoder_does_not_know_is_blamed(name: str, tmp_path: Path) -> None:
    made, known, unknown, said = UNKNOWN[name]

    with service(wired_with(saved(made(), tmp_path))) as client:
        example = client.predict.predictor.info.signature.example_instance()
        answered = [client.post({"instances": [each]}).status for each in (known, example)]
        rejected = client.post({"instances": [known, known | unknown]})

    assert answered == [200, 200]
    assert rejected.status == 422
    assert f"expected one of its {said}" in rejected.body.decode()


def predicted(path: Path, instance: Mapping[str, object]) -> str:
    """Return the label that onnxruntime computes when it is called directly."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    values = list(instance.values())
    fed = {each.name: [[value]] for each, value in zip(session.get_inputs(), values, strict=False)}
    if len(session.get_inputs()) == 1:
        fed = {"X": [values]}
    kinds = {"tensor(string)": object, "tensor(float)": np.float32, "tensor(int64)": np.int64}
    arrays = {each.name: np.array(fed[each.name], dtype=kinds[each.type]) for each in session.get_inputs()}
    return str(session.run(None, arrays)[0][0])


def test_an_encoder_of_computed_values_is_not_taken_for_that_of_a_column(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "one"], ["next"]),  # what marks one column becomes what marks the other
        helper.make_node("OneHotEncoder", ["next"], ["y"], domain="ai.onnx.ml", cats_int64s=[7], zeros=0),
    ]
    weights = {"one": np.array([1], np.int64)}
    made = network(nodes, [tensor("x", ["n", 2], TensorProto.INT64)], [tensor("y", ["n", 2, 1])], weights)

    features = load_predictor(saved(made, tmp_path, FEATURES)).info.signature.features

    assert [each.example for each in features] == [6, 6]


FEATURES = "\n".join(f'[[features]]\nname = "{name}"\nexample = 6' for name in ("x0", "x1"))


def test_a_sidecar_that_repeats_a_dtype_keeps_the_example_of_the_file(tmp_path: Path) -> None:
    toml = "\n".join(f'[[features]]\nname = "{name}"\ndtype = "int64"' for name in ("first", "second"))
    made = matrix(NUMBERS, Int64TensorType([None, 2]))

    signature = load_predictor(saved(made, tmp_path, toml)).info.signature

    assert signature.example_instance() == {"first": 1, "second": 20}
