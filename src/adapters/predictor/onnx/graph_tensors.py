"""Graph tensors: the inputs and outputs that an ONNX graph declares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from foreseen.domain.values.instance_size import require_few_rows
from foreseen.domain.values.signature import DType

if TYPE_CHECKING:
    import onnx

TEXT: Final = "object"

DTYPES: Final[Mapping[int, str]] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: TEXT, 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip
"""numpy's dtype of each type of elements that can be sent; the others are bfloat16, complex and smaller numbers.

Source:
    onnx.proto, enum TensorProto.DataType
"""

_SENT_AS: Final[Mapping[str, str]] = {TEXT: "string", "float16": "float32"}
"""What clients send where that is not the dtype itself."""


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """One input or output.

    Attributes:
        dtype: numpy's, "object" for texts.
        shape: with the rows first, None for a length that the file leaves open; None if it leaves the whole shape open.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def of_row(self) -> tuple[int | None, ...] | None:
        """The shape of one row."""
        return None if self.shape is None else self.shape[1:]

    @property
    def sent_as(self) -> DType:
        """The dtype of the feature that it is given."""
        return cast("DType", _SENT_AS.get(self.dtype, self.dtype))  # `DTYPES` lists no others

    @property
    def has_one_value_a_row(self) -> bool:
        """Whether each row has a single value."""
        return self.of_row is not None and all(length == 1 for length in self.of_row)

    def __str__(self) -> str:
        """Return its shape as a message shows it: [?, 3, 8]."""
        return "?" if self.shape is None else f"[{', '.join('?' if n is None else str(n) for n in self.shape)}]"


def input_tensors(graph: "onnx.GraphProto") -> tuple[GraphTensor, ...]:
    """Return what a graph has to be given, in its order.

    Raises:
        ValueError: an input cannot be sent, or has no rows.
    """
    weights = {tensor.name for tensor in graph.initializer} | {
        sparse.values.name for sparse in graph.sparse_initializer
    }
    given = [declared for declared in graph.input if declared.name not in weights]
    if not given:
        raise ValueError("expected a graph with inputs, got none")
    found = []
    for declared in given:
        tensor = _tensor(declared)
        if tensor is None:
            raise ValueError(f"input {declared.name!r}: expected a tensor of numbers or texts, got {_kind(declared)}")
        if tensor.shape == ():
            raise ValueError(f"input {declared.name!r}: expected a first dimension for rows, got a single value")
        found.append(tensor)
    return tuple(found)


def output_tensors(declared: Iterable["onnx.ValueInfoProto"]) -> Iterator[GraphTensor]:
    """Yield the outputs that may have an answer for each row; sequences, maps and single values are left out."""
    for each in declared:
        tensor = _tensor(each)
        if tensor is not None and tensor.shape != ():
            yield tensor


def fixed_rows(inputs: Iterable[GraphTensor]) -> int | None:
    """Return the number of rows that a graph is always called with; None if it takes any.

    Raises:
        ValueError: its inputs disagree, so that the first dimension of some is not that of rows; or the number is very
            large.
    """
    first = {tensor.shape[0] for tensor in inputs if tensor.shape}
    if len(first) > 1:
        listed = ", ".join(f"{tensor.name} {tensor}" for tensor in inputs)
        raise ValueError(f"expected inputs whose first dimension is that of rows, got {listed}")
    rows = next(iter(first), None)
    require_few_rows(rows)
    return rows


def _tensor(declared: "onnx.ValueInfoProto") -> GraphTensor | None:
    """Return what a graph declares; None if it is no tensor, or none of `DTYPES`."""
    if declared.type.WhichOneof("value") != "tensor_type":
        return None
    kind = declared.type.tensor_type
    dtype = DTYPES.get(kind.elem_type)
    if dtype is None:
        return None
    lengths = (dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in kind.shape.dim)
    return GraphTensor(declared.name, dtype, tuple(lengths) if kind.HasField("shape") else None)


def _kind(declared: "onnx.ValueInfoProto") -> str:
    from onnx import TensorProto  # noqa: PLC0415 - imported by now

    kind = declared.type.WhichOneof("value")
    if kind != "tensor_type":
        return f"{str(kind or 'nothing').removesuffix('_type')}"
    number = declared.type.tensor_type.elem_type
    name = TensorProto.DataType.Name(number).lower() if number in TensorProto.DataType.values() else f"type {number}"
    return f"a tensor of {name}"
