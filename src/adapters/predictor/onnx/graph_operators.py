"""Graph operators: whether onnxruntime has those of a graph, and whether they compute each row by itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import onnx

KNOWN_DOMAINS: Final = frozenset(
    {
        "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training",
        "com.microsoft", "com.microsoft.experimental", "com.microsoft.nchwc", "com.ms.internal.nhwc",
        "org.pytorch.aten",
    }
)  # fmt: skip
"""Domains of the operators that are in onnxruntime itself."""

ROW_BY_ROW: Final = frozenset(
    {
        "TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble", "Scaler", "Imputer", "LabelEncoder",
        "OneHotEncoder", "Binarizer", "Normalizer", "ZipMap", "Cast", "Identity", "Concat", "Gather",
        "ArrayFeatureExtractor", "Reshape", "FeatureVectorizer", "CategoryMapper",
    }
)  # fmt: skip
"""Operators that compute each row by itself in calls of two or more rows, on one thread.

Verified: each of 3,000 rows got the same bits in calls of 2, 3, 7, 8, 32, 33, 100 and 1,000 rows.
"""


def require_known_operators(model: "onnx.ModelProto") -> None:
    """Raise ValueError for operators that only a library of somebody else's knows: loading it would run its code."""
    own = {function.domain for function in model.functions}
    for node in _nodes(model):
        if node.domain not in KNOWN_DOMAINS and node.domain not in own:
            raise ValueError(
                f"expected operators of onnxruntime, got {node.op_type!r} of the domain {node.domain!r}, "
                "which needs a library of custom operators"
            )


def computes_rows_alone(model: "onnx.ModelProto") -> bool:
    """Return whether every operator of a graph computes each row by itself."""
    return not model.functions and all(node.op_type in ROW_BY_ROW for node in _nodes(model))


def _nodes(model: "onnx.ModelProto") -> Iterator["onnx.NodeProto"]:
    """Yield the nodes of a model's graph and functions, and of the graphs in them."""
    waiting: list[onnx.GraphProto | onnx.FunctionProto] = [model.graph, *model.functions]
    while waiting:
        for node in waiting.pop().node:
            yield node
            for attribute in node.attribute:
                waiting.extend([attribute.g] if attribute.HasField("g") else [])
                waiting.extend(attribute.graphs)
