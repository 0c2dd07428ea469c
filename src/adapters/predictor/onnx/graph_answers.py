"""Graph answers: what the outputs of a graph mean: labels and probabilities, a number, or tensors with names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from foreseen.adapters.predictor.onnx.graph_tensors import TEXT, GraphTensor, output_tensors

if TYPE_CHECKING:
    import onnx

Label: TypeAlias = str | int

_LABELS: Final = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")
_CLASSIFIERS: Final = frozenset({"LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"})
_REGRESSORS: Final = frozenset({"LinearRegressor", "SVMRegressor", "TreeEnsembleRegressor"})
_OF_LABELS: Final = frozenset({TEXT, "int64", "int32"})
_FLOATS: Final = frozenset({"float16", "float32", "float64"})


@dataclass(frozen=True, slots=True)
class GraphAnswers:
    """What a graph answers.

    Attributes:
        outputs: its tensors, in its order.
        label: the output with the label of each row; None if there is none.
        scores: of a classifier, the output with the probability of each class; None if it has none.
        classes: the labels of a classifier, in the order of the numbers that its labels are chosen by.
        is_regressor: whether its one output is the number, or the numbers, of a regressor.
    """

    outputs: tuple[GraphTensor, ...]
    label: str | None = None
    scores: str | None = None
    classes: tuple[Label, ...] = ()
    is_regressor: bool = False


def read_answers(model: "onnx.ModelProto") -> GraphAnswers:
    """Return what a graph answers. A ZipMap, which makes a dict of each row, is taken out of the graph.

    Raises:
        ValueError: it has no output that is a tensor of numbers or texts with rows.
    """
    zipped = dict(_without_zip_maps(model.graph))
    outputs = tuple(output_tensors(model.graph.output))
    if not outputs:
        raise ValueError("expected a graph with outputs that are tensors of numbers or texts, got none")
    label = outputs[0] if _is_label(outputs[0]) else None
    scores = [each for each in outputs if each is not label and each.dtype in _FLOATS and _is_matrix(each)]
    found = label is not None and len(scores) == 1
    classes = (zipped.get(scores[0].name) or _labels(model.graph, outputs[0], scores[0])) if found else ()
    return GraphAnswers(
        outputs,
        label.name if label else None,
        scores[0].name if classes else None,
        classes,
        is_regressor=len(outputs) == 1 and outputs[0].dtype in _FLOATS and _has_regressor(model),
    )


def _without_zip_maps(graph: "onnx.GraphProto") -> Iterator[tuple[str, tuple[Label, ...]]]:
    """Take each ZipMap whose dicts are an output out of a graph; yield what it had made them of, with its labels."""
    from onnx import TensorProto, helper  # noqa: PLC0415 - imported by now

    places = {declared.name: place for place, declared in enumerate(graph.output)}
    read = {name for node in graph.node for name in node.input}
    for node in [each for each in graph.node if each.op_type == "ZipMap" and len(each.input) == len(each.output) == 1]:
        place = places.get(node.output[0])
        if place is None or node.output[0] in read or node.input[0] in places:
            continue
        graph.output[place].CopyFrom(helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, None))
        graph.node.remove(node)
        yield node.input[0], _of_attributes(node)


def _is_label(tensor: GraphTensor) -> bool:
    return tensor.dtype in _OF_LABELS and tensor.has_one_value_a_row


def _is_matrix(tensor: GraphTensor) -> bool:
    return tensor.shape is None or len(tensor.shape) == 2


def _labels(graph: "onnx.GraphProto", label: GraphTensor, scores: GraphTensor) -> tuple[Label, ...]:
    """Return the labels of a classifier's only node that has any, or else of the table that its label is taken from."""
    nodes = [node for node in graph.node if node.op_type in _CLASSIFIERS]
    named = {labels for node in nodes if (labels := _of_attributes(node))} or set(_tables(graph, label))
    count = scores.shape[1] if scores.shape else None
    fitting = [labels for labels in named if count in (None, len(labels))]
    return fitting[0] if len(fitting) == 1 else ()


def _of_attributes(node: "onnx.NodeProto") -> tuple[Label, ...]:
    for attribute in node.attribute:
        if attribute.name in _LABELS and (attribute.strings or attribute.ints):
            return tuple(text.decode(errors="replace") for text in attribute.strings) or tuple(attribute.ints)
    return ()


def _tables(graph: "onnx.GraphProto", label: GraphTensor) -> Iterator[tuple[Label, ...]]:
    from onnx import numpy_helper  # noqa: PLC0415 - imported by now

    taken = {node.input[0] for node in graph.node if node.op_type == "ArrayFeatureExtractor" and len(node.input) == 2}
    for table in graph.initializer:
        is_table = table.name in taken and len(table.dims) in (1, 2) and not table.external_data
        if not is_table or (table.data_type == 8) != (label.dtype == TEXT):
            continue
        values: Sequence[object] = numpy_helper.to_array(table).ravel().tolist()
        labels = tuple(each.decode(errors="replace") if isinstance(each, bytes) else each for each in values)
        if len(set(labels)) == len(labels) > 1 and all(isinstance(each, str | int) for each in labels):
            yield labels  # type: ignore[misc] # as just checked


def _has_regressor(model: "onnx.ModelProto") -> bool:
    is_of_sklearn = model.producer_name == "skl2onnx" and model.graph.output[0].name == "variable"
    return is_of_sklearn or any(node.op_type in _REGRESSORS for node in model.graph.node)
