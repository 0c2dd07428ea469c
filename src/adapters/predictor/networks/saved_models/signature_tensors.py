"""Signature tensors: the inputs and outputs of a SavedModel, as its signature declares them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.domain.values.signature import DType

if TYPE_CHECKING:
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef, SignatureDef, TensorInfo

_DEFAULT: Final = "serving_default"
_PREPARING: Final = frozenset({"__saved_model_init_op", "__saved_model_train_op"})
"""What TensorFlow keeps among the signatures, and is none."""

_DTYPES: Final[Mapping[int, DType]] = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64", 10: "bool",
    14: "float32", 17: "uint16", 19: "float32", 22: "uint32", 23: "uint64",
}  # fmt: skip
"""The dtype of what clients send for each type; bfloat16 (14) and half (19) are sent as float32.

Source:
    tensorflow/core/framework/types.proto, enum DataType
"""


@dataclass(frozen=True, slots=True)
class SignatureTensor:
    """One input or output.

    Attributes:
        name: in the signature.
        tensor: its name in the graph.
        type: its number in the enumeration DataType.
        dtype: of what clients send.
        shape: with the rows first; None for a length that is left open.
    """

    name: str
    tensor: str
    type: int
    dtype: DType
    shape: tuple[int | None, ...]


def serving_signature(found: "MetaGraphDef") -> "SignatureDef":
    """Return the signature by which a model is served: serving_default, or the only one.

    Raises:
        RejectedFileError: there is none, or several of which none has this name.
    """
    signatures = {name: each for name, each in found.signature_def.items() if name not in _PREPARING}
    if _DEFAULT in signatures:
        return signatures[_DEFAULT]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    listed = ", ".join(sorted(signatures))[:80] or "none"
    raise RejectedFileError(
        f"expected the signature {_DEFAULT}, got {listed}; "
        f"try: tf.saved_model.save(model, path, signatures={{'{_DEFAULT}': function}})"
    )


def input_tensors(signature: "SignatureDef", declared: Mapping[str, Sequence[int]]) -> list[SignatureTensor]:
    """Return the inputs in the order of their names, which is the only one that a SavedModel has.

    Args:
        declared: the shape of one row that the sidecar declares, by name, for lengths that the file leaves open.
    Raises:
        RejectedFileError: one cannot be sent, or has no rows.
    """
    inputs = []
    for name, info in sorted(signature.inputs.items()):
        found = _tensor(name, info)
        inputs.append(_with_lengths(found, declared.get(name, ())))
    if not inputs:
        raise RejectedFileError("expected a signature with inputs, got none")
    return inputs


def output_tensors(signature: "SignatureDef") -> dict[str, str]:
    """Return the name in the graph of each output, in the order of their names; raise RejectedFileError for none."""
    outputs = {name: _tensor_name(name, info) for name, info in sorted(signature.outputs.items())}
    if not outputs:
        raise RejectedFileError("expected a signature with outputs, got none")
    return outputs


def fixed_rows(inputs: Sequence[SignatureTensor]) -> int | None:
    """Return the number of rows that a model is always called with, None for any; raise RejectedFileError for two."""
    rows = {each.shape[0] for each in inputs}
    if len(rows) > 1:
        listed = " and ".join(sorted("any" if each is None else str(each) for each in rows))
        raise RejectedFileError(f"expected as many rows in each input, got {listed}")
    return rows.pop()


def _tensor(name: str, info: "TensorInfo") -> SignatureTensor:
    tensor = _tensor_name(name, info)
    if info.dtype not in _DTYPES:
        raise RejectedFileError(f"expected numbers, bools or texts in the input {name!r}, got type {info.dtype}")
    if info.tensor_shape.unknown_rank or not info.tensor_shape.dim:
        got = "an unknown shape" if info.tensor_shape.unknown_rank else "a single value"
        raise RejectedFileError(f"expected a first dimension for rows of the input {name!r}, got {got}")
    shape = tuple(dim.size if dim.size > 0 else None for dim in info.tensor_shape.dim)
    return SignatureTensor(name, tensor, info.dtype, _DTYPES[info.dtype], shape)


def _tensor_name(name: str, info: "TensorInfo") -> str:
    if info.WhichOneof("encoding") != "name":
        raise RejectedFileError(f"expected a plain tensor in {name[:80]!r}, got a sparse or a ragged one")
    return str(info.name)


def _with_lengths(found: SignatureTensor, declared: Sequence[int]) -> SignatureTensor:
    """Return an input with the lengths that its file leaves open as they are declared; raise if some are not."""
    rows, *lengths = found.shape
    if len(declared) == len(lengths):
        pairs = zip(lengths, declared, strict=True)
        lengths = [given if length is None else length for length, given in pairs]
    if None in lengths:
        shown = ", ".join("?" if length is None else str(length) for length in found.shape)
        raise RejectedFileError(
            f"expected the input {found.name!r} to have one size, apart from the number of rows, got [{shown}]; "
            "try: shape = […] of one row in the sidecar"
        )
    return SignatureTensor(found.name, found.tensor, found.type, found.dtype, (rows, *lengths))
