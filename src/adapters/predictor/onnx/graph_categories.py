"""Graph categories: the columns of which an ONNX graph rejects every category that it does not know."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.onnx.cut_graph import model_up_to
from foreseen.adapters.predictor.onnx.graph_tensors import TEXT, GraphTensor
from foreseen.adapters.predictor.onnx.onnx_session import open_session, said_by_onnxruntime
from foreseen.adapters.predictor.sidecar.known_input import KnownInput

if TYPE_CHECKING:
    import onnx
    import onnxruntime

log = logging.getLogger(__name__)

Array: TypeAlias = npt.NDArray[np.generic]

_SHOWN: Final = 10
"""Most categories in a message."""

_FIRST: Final = 2
"""The least number that marks a column: a bool becomes 0 or 1, whatever it was."""

_MOST_MARKS: Final[Mapping[str, int]] = {"int8": 120, "uint8": 250, "float16": 2_000}
"""Most columns that can be marked where a dtype of the inputs has few whole numbers; a bool holds no mark at all."""

_MOST_COLUMNS: Final = 10_000
"""Most columns that are marked, whatever their dtypes."""


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """A column that an encoder of the graph reads.

    Attributes:
        tensor: the name of the input that it is in.
        place: which value of a row of that input it is, from 0.
        categories: all that each encoder knows which reads it.
    """

    tensor: str
    place: int
    categories: tuple[str | int, ...]

    def put_into(self, fed: Mapping[str, Array]) -> None:
        """Replace its values in the rows of a call by categories, a different one in each row as long as they last."""
        values = fed[self.tensor]
        known = [self.categories[row % len(self.categories)] for row in range(len(values))]
        values.reshape(len(values), -1)[:, self.place] = known

    def values(self, fed: Mapping[str, Array]) -> list[object]:
        """Return its value in each row of a call."""
        values: list[object] = fed[self.tensor].reshape(len(fed[self.tensor]), -1)[:, self.place].tolist()
        return values

    def unknown(self, fed: Mapping[str, Array], row: int) -> ValueError:
        """Return the error of its value in a row of a call, which the encoder does not know."""
        size = fed[self.tensor][row].size
        place = f", value {self.place + 1} of {size}" if size > 1 else ""
        shown = ", ".join(map(repr, self.categories[:_SHOWN])) + (", …" if len(self.categories) > _SHOWN else "")
        got = self.values(fed)[row]
        return ValueError(f"input {self.tensor!r}{place}: expected one of its categories, {shown}, got {got!r}")


@dataclass(frozen=True, slots=True)
class _Encoder:
    """An encoder of the graph: what it knows, and the columns that it reads unchanged."""

    categories: frozenset[str | int]
    columns: tuple[EncodedColumn, ...]

    def knows(self, value: object) -> bool:
        if isinstance(value, float):  # it drops what is behind the point
            return math.isfinite(value) and int(value) in self.categories
        return value in self.categories


class GraphCategories:
    """The encoders of a graph that reject unknown categories, and the columns that they read.

    Attributes:
        columns: each column once, with the categories that all of its encoders know.
    """

    def __init__(
        self, session: "onnxruntime.InferenceSession | None" = None, encoders: Sequence[_Encoder] = ()
    ) -> None:
        """Accept what computes the values that the encoders read, in their order."""
        self._session = session
        self._encoders = encoders
        self.columns = tuple(dict.fromkeys(column for encoder in encoders for column in encoder.columns))

    def require_known(self, fed: Mapping[str, Array]) -> None:
        """Raise ValueError if an encoder does not know what it reads in the rows of a call, and a column shows why.

        Values on their way to an encoder may be rounded, or a missing one replaced, so that sent values do not tell.
        """
        if self._session is None:
            return
        try:
            read = self._session.run(None, fed)
        except Exception as exc:  # noqa: BLE001 - the graph's own error says enough
            log.debug("what the encoders read cannot be computed: %s", said_by_onnxruntime(exc))
            return
        for encoder, values in zip(self._encoders, read, strict=True):
            for row, of_row in enumerate(values.reshape(len(values), -1).tolist()):
                for value in of_row:
                    if encoder.columns and not encoder.knows(value):
                        _raise_unknown(encoder.columns, fed, row, value)


def _raise_unknown(columns: Sequence[EncodedColumn], fed: Mapping[str, Array], row: int, value: object) -> None:
    """Raise ValueError for the column in which an encoder has read a value."""
    for column in columns:
        if len(columns) == 1 or column.values(fed)[row] == value:
            raise column.unknown(fed, row)


def graph_categories(
    model: "onnx.ModelProto",
    external: Mapping[str, bytes],
    inputs: Sequence[GraphTensor],
    shapes: Sequence[Sequence[int]],
    n: int,
) -> GraphCategories:
    """Return the columns whose values reach such an encoder unchanged; found by sending it a mark in each of them.

    Args:
        external: the files of the model's external data, by their locations.
        shapes: of one row of each input.
        n: rows of a call.
    """
    nodes = [node for node in model.graph.node if _rejects_unknown(node)]
    sizes = [math.prod(shape) for shape in shapes]
    columns = [(tensor.name, place) for tensor, size in zip(inputs, sizes, strict=True) for place in range(size)]
    if not nodes or len(columns) > min(_MOST_MARKS.get(tensor.dtype, _MOST_COLUMNS) for tensor in inputs):
        return GraphCategories()
    marks = list(range(_FIRST, _FIRST + len(columns)))
    try:
        session = open_session(model_up_to(model, nodes).SerializeToString(), external, threads=1)
        # A value that was computed may be the mark of another column, but not with each of two ways to mark them.
        once, again = (
            [
                {by_mark[mark] for mark in _marks(values) & by_mark.keys()}
                for values in session.run(None, _marked(inputs, shapes, list(by_mark), n))
            ]
            for by_mark in (dict(zip(marks, columns, strict=True)), dict(zip(marks[::-1], columns, strict=True)))
        )
    except Exception as exc:  # noqa: BLE001 - a sidecar may have examples instead
        log.debug("the graph does not show which columns its encoders read: %s", said_by_onnxruntime(exc))
        return GraphCategories()
    return GraphCategories(
        session, _encoders(nodes, [sorted(each & other) for each, other in zip(once, again, strict=True)])
    )


def _encoders(nodes: Sequence["onnx.NodeProto"], places: Sequence[Sequence[tuple[str, int]]]) -> list[_Encoder]:
    """Return encoders with their columns, each of which has the categories that all of its encoders know, if any."""
    known: dict[tuple[str, int], tuple[str | int, ...]] = {}
    for node, of_node in zip(nodes, places, strict=True):
        categories = _categories(node)
        for place in of_node:
            both = frozenset(categories)
            known[place] = tuple(each for each in known.get(place, categories) if each in both)
    columns = {place: EncodedColumn(*place, categories) for place, categories in known.items() if categories}
    return [
        _Encoder(frozenset(_categories(node)), tuple(columns[place] for place in of_node if place in columns))
        for node, of_node in zip(nodes, places, strict=True)
    ]


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
