"""InferRequest: what a body of the Open Inference Protocol asks for, with or without binary data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Final, cast

from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.entrypoints.http.protocols.oip.binary_values import values_of_bytes
from foreseen.entrypoints.http.protocols.oip.datatypes import DTYPES, Tensor, bad_request
from foreseen.entrypoints.http.protocols.oip.json_tensor_values import values_of_json
from foreseen.entrypoints.http.requests.json_body import json_kind, parsed
from foreseen.entrypoints.http.requests.request_body import too_many

HEADER_LENGTH: Final = "inference-header-content-length"
"""The header field with the length of the JSON before binary data, in bytes, of requests and of answers."""

_MOST_DIMENSIONS: Final = 32
_LONGEST: Final = 2**63 - 1
_MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class WantedOutput:
    """An output that a request names.

    Attributes:
        is_binary: whether it is to be sent as binary data; None for what the request says of all.
    """

    name: str
    is_binary: bool | None = None


@dataclass(frozen=True, slots=True)
class InferRequest:
    """An inference request.

    Attributes:
        id: to be returned; None if there is none.
        tensors: its inputs, at least one, each with another name.
        wanted: the outputs that it names; empty for all.
        is_binary: whether outputs are to be sent as binary data, unless one says otherwise.
    """

    id: str | None
    tensors: Sequence[Tensor]
    wanted: Sequence[WantedOutput]
    is_binary: bool


@dataclass(frozen=True, slots=True)
class _Input:
    """An input before its values are read; `size` is that of its binary data, None for all that is left of it."""

    place: str
    name: str
    datatype: str
    shape: Sequence[int]
    has_data: bool
    data: object
    size: int | None


def header_length(field: str, size: int) -> int:
    """Return the length of the JSON of a body of `size` bytes, as the header field says.

    Raises:
        Rejection: it is no number, or larger than the body (400).
    """
    if not (field.isascii() and field.isdigit() and len(field) <= _MOST_DIGITS and int(field) <= size):
        raise bad_request(
            f"Inference-Header-Content-Length: expected a number of bytes up to the {size} of the body, "
            f"got {shown_name(field)}"
        )
    return int(field)


def read_infer_request(head: bytes, binary: bytes | None, *, max_rows: int, max_values: int) -> InferRequest:
    """Return a request from its JSON and its binary data.

    Args:
        binary: what follows the JSON; None if the request does not say that anything does.
        max_rows: the most instances, for the message about too many.
        max_values: the most values of a tensor.
    Raises:
        Rejection: it is no JSON, or does not follow the protocol (400), or has too many values (413).
    """
    document = parsed(head)
    if not isinstance(document, dict):
        raise bad_request(f'expected an object with "inputs", got {json_kind(document)}')
    name = document.get("id")
    if name is not None and not isinstance(name, str):
        raise bad_request(f"id: expected a string, got {shown(name)}")
    inputs = [_input(each, place) for place, each in enumerate(_list(document, "inputs"))]
    if not inputs:
        raise bad_request('expected an object with "inputs", a list of one tensor or more, got none')
    _require_different("inputs", [each.name for each in inputs])
    for each in inputs:
        if prod(each.shape) > max_values:
            raise too_many(max_rows)
    is_binary = _flag("parameters", _parameters("parameters", document), "binary_data_output")
    return InferRequest(name, _tensors(inputs, binary), _wanted(document), bool(is_binary))


def _wanted(document: Mapping[str, object]) -> Sequence[WantedOutput]:
    wanted = []
    for number, each in enumerate(_list(document, "outputs")):
        place = f"outputs[{number}]"
        name = _name(each, place)
        parameters = _parameters(f"outputs.{shown_name(name)}.parameters", cast("dict[str, object]", each))
        for unserved in ("shared_memory_region", "classification"):
            if parameters.get(unserved):
                raise bad_request(f"outputs.{shown_name(name)}: expected no {unserved}, which is not served")
        wanted.append(WantedOutput(name, _flag(f"outputs.{shown_name(name)}.parameters", parameters, "binary_data")))
    _require_different("outputs", [each.name for each in wanted])
    return wanted


def _input(given: object, number: int) -> _Input:
    name = _name(given, f"inputs[{number}]")
    tensor = cast("dict[str, object]", given)
    place = f"inputs.{shown_name(name)}"
    datatype = tensor.get("datatype")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise bad_request(f"{place}.datatype: expected one of {', '.join(DTYPES)}, got {shown(datatype)}")
    parameters = _parameters(f"{place}.parameters", tensor)
    if parameters.get("shared_memory_region") is not None:
        raise bad_request(f"{place}: expected data or binary_data_size, got shared memory, which is not served")
    size = parameters.get("binary_data_size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise bad_request(f"{place}.parameters.binary_data_size: expected a number of bytes, got {shown(size)}")
    has_data, has_size = tensor.get("data") is not None, "binary_data_size" in parameters
    if has_data and has_size:
        raise bad_request(f"{place}: expected either data or binary_data_size, got both")
    shape = _shape(place, tensor.get("shape"))
    return _Input(place, name, datatype, shape, has_data, tensor.get("data"), size if has_size else None)


def _shape(place: str, given: object) -> Sequence[int]:
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_DIMENSIONS:
        raise bad_request(f"{place}.shape: expected a list of 1 to {_MOST_DIMENSIONS} lengths, got {shown(given)}")
    for length in given:
        if not isinstance(length, int) or isinstance(length, bool) or not 0 < length <= _LONGEST:
            raise bad_request(f"{place}.shape: expected lengths that are integers from 1, got {shown(length)}")
    return given


def _tensors(inputs: Sequence[_Input], binary: bytes | None) -> Sequence[Tensor]:
    """Return inputs with their values; binary data follows in the order of the inputs that have some."""
    unsized = [each for each in inputs if not each.has_data and each.size is None]
    if unsized and (not binary or len(unsized) > 1):
        raise bad_request(f"{unsized[0].place}: expected data or binary_data_size, got neither")
    sized = sum(each.size for each in inputs if each.size is not None)
    if binary is None and any(each.size is not None for each in inputs):
        raise bad_request(
            "expected Inference-Header-Content-Length, the length of the JSON before binary data, got none"
        )
    binary = binary or b""
    if len(binary) < sized or (len(binary) > sized and not unsized):
        expected = f"{sized} bytes of binary data after the JSON, as binary_data_size says"
        raise bad_request(f"expected {expected}, got {len(binary)}")
    rest = len(binary) - sized
    sizes = [0 if each.has_data else rest if each.size is None else each.size for each in inputs]
    ends = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    return [
        Tensor(
            each.name,
            each.datatype,
            values_of_json(each.place, each.datatype, each.shape, each.data)
            if each.has_data
            else values_of_bytes(each.place, each.datatype, each.shape, binary[start:end]),
        )
        for each, (start, end) in zip(inputs, pairwise(ends), strict=True)
    ]


def _list(document: Mapping[str, object], member: str) -> list[object]:
    given = document.get(member)
    if given is None:
        return []
    if not isinstance(given, list):
        raise bad_request(f"{member}: expected a list of tensors, got {json_kind(given)}")
    return given


def _name(given: object, place: str) -> str:
    if not isinstance(given, dict):
        raise bad_request(f"{place}: expected a tensor, which is an object, got {json_kind(given)}")
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise bad_request(f"{place}.name: expected a name, got {shown(name)}")
    return name


def _parameters(place: str, document: Mapping[str, object]) -> Mapping[str, object]:
    given = document.get("parameters")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad_request(f"{place}: expected an object, got {json_kind(given)}")
    return given


def _flag(place: str, parameters: Mapping[str, object], name: str) -> bool | None:
    given = parameters.get(name)
    if given is not None and not isinstance(given, bool):
        raise bad_request(f"{place}.{name}: expected true or false, got {shown(given)}")
    return given


def _require_different(member: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise bad_request(f"{member}: expected each name once, got {shown_name(name)} twice")
        seen.add(name)
