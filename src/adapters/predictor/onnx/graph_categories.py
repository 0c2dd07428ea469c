"""Graph categories: the columns of which an ONNX graph rejects every category that it does not know."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.onnx.graph_tensors import TEXT, GraphTensor
from foreseen.adapters.predictor.onnx.onnx_session import open_session, said_by_onnxruntime
from foreseen.adapters.predictor.sidecar.known_input import KnownInput

if TYPE_CHECKING:
    import onnx

log = logging.getLogger(__name__)

Array: TypeAlias = npt.NDArray[np.generic]

_SHOWN: Final = 10
"""Most categories in a message."""

_FIRST: Final = 2
"""The least number that marks a column: a bool becomes 0 or 1, whatever it was."""

_MARKED: Final = 120
"""Most columns that can be marked, each by a number that every dtype has; int8 ends at 127."""


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """A column that an encoder of the graph reads.

    Attributes:
        tensor: the name of the input that it is in.
        place: which value of a row of that input it is, from 0.
        categories: all that the encoder knows.
    """

    tensor: str
    place: int
    categories: tuple[str | int, ...]

    def put_into(self, fed: Mapping[str, Array]) -> None:
        """Replace its values in the rows of a call by categories, a different one in each row as long as they last."""
        values = fed[self.tensor]
        known = [self.categories[row % len(self.categories)] for row in range(len(values))]
        values.reshape(len(values), -1)[:, self.place] = known

    def require_known(self, fed: Mapping[str, Array]) -> None:
        """Raise ValueError if the rows of a call have a value that the encoder does not know."""
        values = fed[self.tensor].reshape(len(fed[self.tensor]), -1)[:, self.place].tolist()
        unknown = [value for value in values if value not in self.categories]
        if unknown:
            shown = ", ".join(map(repr, self.categories[:_SHOWN])) + (", …" if len(self.categories) > _SHOWN else "")
            raise ValueError(f"input {self.tensor!r}: expected one of its categories, {shown}, got {unknown[0]!r}")


def encoded_columns(
    model: "onnx.ModelProto",
    external: Mapping[str, bytes],
    inputs: Sequence[GraphTensor],
    shapes: Sequence[Sequence[int]],
    n: int,
) -> tuple[EncodedColumn, ...]:
    """Return the columns whose values reach such an encoder unchanged; found by sending it a mark in each of them.

    Args:
        external: the files of the model's external data, by their locations.
        shapes: of one row of each input.
        n: rows of a call.
    """
    encoders = [node for node in model.graph.node if _rejects_unknown(node)]
    sizes = [math.prod(shape) for shape in shapes]
    columns = [(tensor.name, place) for tensor, size in zip(inputs, sizes, strict=True) for place in range(size)]
    if not encoders or len(columns) > _MARKED:
        return ()
    marks = list(range(_FIRST, _FIRST + len(columns)))
    try:
        session = open_session(_up_to(model, encoders).SerializeToString(), external, threads=1)
        # A value that was computed may be the mark of another column, but not with each of two ways to mark them.
        found = [
            [
                {columns[marked.index(mark)] for mark in _marks(values) if mark in marked}
                for values in session.run(None, _marked(inputs, shapes, marked, n))
            ]
            for marked in (marks, marks[::-1])
        ]
    except Exception as exc:  # noqa: BLE001 - a sidecar may have examples instead
        log.debug("the graph does not show which columns its encoders read: %s", said_by_onnxruntime(exc))
        return ()
    return tuple(
        EncodedColumn(name, place, _categories(encoder))
        for encoder, once, again in zip(encoders, *found, strict=True)
        for name, place in sorted(once & again)
    )


def with_examples(known: KnownInput, inputs: Sequence[GraphTensor], encoded: Sequence[EncodedColumn]) -> KnownInput:
    """Return the features with an example of the encoded columns that are single values, with which they are tried."""
    places = {(column.tensor, column.place): column.categories[0] for column in encoded}
    named = [(inputs[0].name, place) for place in range(len(known.features))]
    if known.takes != "array":
        named = [(tensor.name, 0) for tensor in inputs]
    features = (
        table.model_copy(update={"example": places[column]}) if column in places and not table.shape else table
        for table, column in zip(known.features, named, strict=True)
    )
    return replace(known, features=tuple(features))


def _rejects_unknown(node: "onnx.NodeProto") -> bool:
    zeros = [attribute.i for attribute in node.attribute if attribute.name == "zeros"]
    return node.op_type == "OneHotEncoder" and zeros == [0] and bool(_categories(node))


def _categories(encoder: "onnx.NodeProto") -> tuple[str | int, ...]:
    values = {attribute.name: attribute for attribute in encoder.attribute}
    if "cats_strings" in values:
        return tuple(text.decode(errors="replace") for text in values["cats_strings"].strings)
    return tuple(values["cats_int64s"].ints) if "cats_int64s" in values else ()


def _up_to(model: "onnx.ModelProto", encoders: Sequence["onnx.NodeProto"]) -> "onnx.ModelProto":
    """Return a model whose outputs are what these nodes read."""
    from onnx import ModelProto, NodeProto, ValueInfoProto  # noqa: PLC0415 - imported by now

    read = [encoder.input[0] for encoder in encoders]
    cut = ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:], cut.graph.output[:]
    cut.graph.node.extend(_nodes_before(model.graph, read))
    for place, name in enumerate(read):  # an input of the graph cannot be its output as well
        output = f"{name}, read by encoder {place}"
        cut.graph.node.append(NodeProto(op_type="Identity", input=[name], output=[output]))
        cut.graph.output.append(ValueInfoProto(name=output))
    return cut


def _nodes_before(graph: "onnx.GraphProto", names: Sequence[str]) -> list["onnx.NodeProto"]:
    """Return the nodes that compute these tensors, in the graph's order, which is that of the computation."""
    needed, found = set(names), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(_read_by(node))
            found.append(node)
    return found[::-1]


def _read_by(node: "onnx.NodeProto") -> Iterator[str]:
    """Yield what a node reads, and the graphs in it, which may read any tensor before it."""
    yield from node.input
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            for inner in graph.node:
                yield from _read_by(inner)


def _marked(
    inputs: Sequence[GraphTensor], shapes: Sequence[Sequence[int]], marks: Sequence[int], n: int
) -> Mapping[str, Array]:
    """Return rows that have in each column its mark, as a number or as the text of one."""
    fed, start = {}, 0
    for tensor, shape in zip(inputs, shapes, strict=True):
        size = math.prod(shape)
        of_row = np.array(marks[start : start + size]).reshape(shape)
        values = of_row.astype(str).astype(object) if tensor.dtype == TEXT else of_row.astype(tensor.dtype)
        fed[tensor.name] = np.broadcast_to(values, (n, *shape)).copy()
        start += size
    return fed


def _marks(values: Array) -> set[int]:
    """Return the whole numbers among values."""
    found = set()
    for value in values.ravel().tolist():
        try:
            number = float(value)
        except ValueError:
            continue
        if number.is_integer():
            found.add(int(number))
    return found
