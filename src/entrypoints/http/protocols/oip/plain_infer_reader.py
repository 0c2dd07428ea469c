"""PlainInferReader: reads inference requests of one instance that are plainly valid, with the same keys and answers."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from foreseen.domain.identity.key import Key, KeyRecipe
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.signature import MAX_EXACT_INTEGER
from foreseen.entrypoints.http.protocols.endpoint import AnswerWriter
from foreseen.entrypoints.http.protocols.oip.datatypes import FP64
from foreseen.entrypoints.http.protocols.oip.infer_answer import InferAnswers
from foreseen.entrypoints.http.protocols.oip.infer_request import InferRequest, WantedOutput, header_length
from foreseen.entrypoints.http.protocols.oip.model_versions import ONLY_VERSION
from foreseen.entrypoints.http.responses.problems import Rejection

_LIMIT: Final = float(MAX_EXACT_INTEGER)
_FP32: Final = "FP32"
_SIZES: Final = {FP64: 8, _FP32: 4}
_FLOAT32: Final = struct.Struct("<f")


# Members that are not listed are not checked at all by msgspec: a request that has others is not plain.


class _InputParameters(msgspec.Struct, forbid_unknown_fields=True):
    binary_data_size: int | msgspec.UnsetType = msgspec.UNSET
    content_type: str | None = None


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    datatype: str
    shape: list[object]  # typed integers would be read from 1.0 as well
    data: list[object] | None = None
    parameters: _InputParameters | None = None


class _OutputParameters(msgspec.Struct, forbid_unknown_fields=True):
    binary_data: bool | None = None


class _Output(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parameters: _OutputParameters | None = None


class _Parameters(msgspec.Struct, forbid_unknown_fields=True):
    binary_data_output: bool | None = None


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    inputs: list[_Input]
    id: str | None = None
    model_name: str | None = None
    model_version: str | None = None
    outputs: list[_Output] | None = None
    parameters: _Parameters | None = None


class PlainInfer(NamedTuple):
    """An inference request of one instance: its key, and what writes the answer."""

    key: Key
    write: AnswerWriter


class PlainInferReader:
    """Reads a request that is plainly valid; returns None for any other, which is left to the ordinary route.

    Plain are models whose features are all numbers of float64, and tensors of FP64 and FP32.
    """

    def __init__(self, info: ModelInfo, recipe: KeyRecipe, name: str) -> None:
        """Accept what is known about the model, how its keys are made, and its name."""
        self._names = info.signature.names
        self._is_plain = info.signature.is_plain
        self._recipe = recipe
        self._answers = InferAnswers(info, name)
        self._decode = msgspec.json.Decoder(_Request).decode

    def read(self, body: bytes, length: str | None) -> PlainInfer | None:
        """Read a request.

        Args:
            length: the length of its JSON, as the header field has it; None without one.
        """
        if not self._is_plain:
            return None
        try:
            size = len(body) if length is None else header_length(length, len(body))
            request = self._decode(body[:size] if length else body)
            values = self._values(request.inputs, body[size:])
            if values is None or not all(-_LIMIT < value < _LIMIT for value in values):
                return None
            if request.id is not None and not request.id.isascii():
                return None
            return PlainInfer(self._recipe.key(values), self._writer(request))
        except (msgspec.MsgspecError, Rejection, OverflowError, UnicodeDecodeError, RecursionError):
            return None

    def _writer(self, request: _Request) -> AnswerWriter:
        """Return what writes the answer; raise Rejection if an output is unknown or is named twice."""
        wanted: list[WantedOutput] = []
        for each in request.outputs or ():
            parameters = each.parameters
            if any(other.name == each.name for other in wanted):
                raise msgspec.ValidationError
            wanted.append(WantedOutput(each.name, None if parameters is None else parameters.binary_data))
        is_binary = request.parameters is not None and bool(request.parameters.binary_data_output)
        return self._answers.writer(InferRequest(request.id, (), wanted, is_binary), ONLY_VERSION)

    def _values(self, inputs: Sequence[_Input], binary: bytes) -> Sequence[float] | None:
        """Return the values of the only instance, in the order of the features; None unless the tensors are plain."""
        names = self._names
        if len(inputs) == 1 and (len(names) > 1 or inputs[0].name in names):
            tensor = inputs[0]
            if not tensor.name or not _is_shape(tensor, (1, len(names))):
                return None
            values, left = _read(tensor, len(names), binary)
            return None if left else values
        if len(inputs) != len(names):
            return None
        by_name: dict[str, float] = {}
        for tensor in inputs:
            if not _is_shape(tensor, (1,)) and not _is_shape(tensor, (1, 1)):
                return None
            read, binary = _read(tensor, 1, binary)
            if read is None:
                return None
            by_name[tensor.name] = read[0]
        if binary or by_name.keys() != set(names):
            return None
        return [by_name[name] for name in names]


def _is_shape(tensor: _Input, shape: Sequence[int]) -> bool:
    return len(tensor.shape) == len(shape) and all(
        type(given) is int and given == length for given, length in zip(tensor.shape, shape, strict=True)
    )


def _read(tensor: _Input, count: int, binary: bytes) -> tuple[Sequence[float] | None, bytes]:
    """Return the values of a tensor, None unless it is plain, and what is left of the binary data."""
    item = _SIZES.get(tensor.datatype)
    parameters = tensor.parameters
    if item is None:
        return None, binary
    size = msgspec.UNSET if parameters is None else parameters.binary_data_size
    if size is not msgspec.UNSET:
        if tensor.data is not None or size != count * item or len(binary) < size:
            return None, binary
        letter = "d" if item == _SIZES[FP64] else "f"
        return struct.unpack(f"<{count}{letter}", binary[:size]), binary[size:]
    data = tensor.data
    if data is not None and len(data) == 1 and len(tensor.shape) > 1 and isinstance(data[0], list):
        data = data[0]
    if data is None or len(data) != count:
        return None, binary
    values: list[float] = []
    for each in data:
        if type(each) is not float and type(each) is not int:
            return None, binary
        values.append(float(each) if item == _SIZES[FP64] else _rounded(float(each)))
    return values, binary


def _rounded(number: float) -> float:
    """Return a number as a float32 holds it; raise OverflowError if none does."""
    rounded: float = _FLOAT32.unpack(_FLOAT32.pack(number))[0]
    return rounded
