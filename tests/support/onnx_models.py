"""ONNX files as their users have them: made from scikit-learn's models by skl2onnx, and networks made by onnx."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

OPSETS: Final = {"": 20, "ai.onnx.ml": 3}
"""Versions of the operators that every onnxruntime of the last years knows."""

FLOWERS: Final[npt.NDArray[np.float32]] = load_iris().data.astype(np.float32)
SPECIES: Final = load_iris().target_names[load_iris().target]
LENGTHS: Final = FLOWERS[:, 0] * 2 + FLOWERS[:, 1]

PEOPLE: Final = pd.DataFrame(
    {
        "age": np.arange(20, 80, 1, dtype=np.int64),
        "income": np.linspace(10, 90, 60).astype(np.float32),
        "city": ["Oslo", "Rome", "Lima"] * 20,
    }
)
BOUGHT: Final = (PEOPLE["age"] > 50) ^ (PEOPLE["city"] == "Rome")


def _of_flowers(model: Any, target: Any = SPECIES, **options: Any) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a network is not trained to its end
        made = to_onnx(model.fit(FLOWERS, target), FLOWERS[:1], target_opset=OPSETS, **options)
    return bytes(made.SerializeToString())


def of_people(**options: Any) -> bytes:
    """Return a pipeline with a column of texts and two of numbers, each of which is an input of its own."""
    columns = ColumnTransformer(
        [("words", OneHotEncoder(handle_unknown="ignore"), ["city"]), ("numbers", StandardScaler(), ["age", "income"])]
    )
    fitted = make_pipeline(columns, LogisticRegression()).fit(PEOPLE, np.where(BOUGHT, "yes", "no"))
    types = [("age", Int64TensorType([None, 1])), ("income", FloatTensorType([None, 1])),
             ("city", StringTensorType([None, 1]))]  # fmt: skip
    return bytes(to_onnx(fitted, initial_types=types, target_opset=OPSETS, **options).SerializeToString())


FAMILIES: Final[Mapping[str, Callable[[], bytes]]] = {
    "linear": lambda: _of_flowers(LinearRegression(), LENGTHS),
    "logistic": lambda: _of_flowers(LogisticRegression()),
    "forest": lambda: _of_flowers(RandomForestClassifier(10, random_state=0)),
    "forest of numbers": lambda: _of_flowers(RandomForestRegressor(10, random_state=0), LENGTHS),
    "boosting": lambda: _of_flowers(GradientBoostingClassifier(n_estimators=5)),
    "boosting of numbers": lambda: _of_flowers(GradientBoostingRegressor(n_estimators=5), LENGTHS),
    "scaled network": lambda: _of_flowers(make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=30))),
    "support vectors": lambda: _of_flowers(SVC(probability=True, random_state=0), load_iris().target),
    "clusters": lambda: _of_flowers(KMeans(3, random_state=0, n_init=1), None),
    "isolation": lambda: _of_flowers(IsolationForest(n_estimators=10, random_state=0), None),
    "columns": of_people,
    "without ZipMap": lambda: _of_flowers(LogisticRegression(), options={"zipmap": False}),
    "decision values": lambda: _of_flowers(LogisticRegression(), options={"zipmap": False, "raw_scores": True}),
}
"""Files of skl2onnx by the family of their model."""


@cache
def of_family(name: str) -> bytes:
    """Return a file of `FAMILIES`, made once."""
    return FAMILIES[name]()


def network(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Mapping[str, npt.NDArray[Any]] | None = None,
    **about: Any,
) -> onnx.ModelProto:
    """Return a model of nodes, with its weights by name."""
    kept = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(list(nodes), "network", list(inputs), list(outputs), kept)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, **({"ir_version": 9, "opset_imports": opsets} | about))


def tensor(name: str, shape: Sequence[int | str | None] | None, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """Return the declaration of an input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def convolutions(batch: int | str = "n") -> onnx.ModelProto:
    """Return a network over images of 3 x 8 x 8 with the outputs `logits` and `probabilities`, of 4 classes."""
    random = np.random.default_rng(0)
    weights = {
        "kernel": random.normal(size=(5, 3, 3, 3)).astype(np.float32),
        "bias": random.normal(size=5).astype(np.float32),
        "dense": random.normal(size=(5, 4)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "kernel", "bias"], ["convolved"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["convolved"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    outputs = [tensor("logits", [batch, 4]), tensor("probabilities", [batch, 4])]
    return network(nodes, [tensor("image", [batch, 3, 8, 8])], outputs, weights)


def saved(content: bytes | onnx.ModelProto, folder: Path, toml: str = "") -> Path:
    """Write a model file, with a sidecar where there is one."""
    path = folder / "model.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    if toml:
        path.with_suffix(".toml").write_text(toml)
    return path
