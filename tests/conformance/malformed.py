"""Requests that no server can answer, each with the rule that it breaks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from conformance.model import FLOWERS, Model

Change = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A kind of request that breaks a rule.

    Attributes:
        name: what is wrong.
        rule: what is expected, and where this is written.
        body: a request of the kind.
        is_clear: whether a server may understand it all the same, and answer.
    """

    name: str
    rule: str
    body: Callable[[Model], bytes]
    is_clear: bool = False


def _text(body: bytes) -> Callable[[Model], bytes]:
    return lambda model: body


def _changed(change: Change) -> Callable[[Model], bytes]:
    def body(model: Model) -> bytes:
        request = model.request(FLOWERS)
        change(request)
        return json.dumps(request).encode()

    return body


def _input(**members: object) -> Callable[[Model], bytes]:
    """Return what has these members in its first input; None leaves one out."""

    def change(request: dict[str, Any]) -> None:
        tensor = request["inputs"][0] | members
        request["inputs"][0] = {name: value for name, value in tensor.items() if value is not None}

    return _changed(change)


def _value(value: object) -> Callable[[Model], bytes]:
    """Return what has this as its first value."""

    def change(request: dict[str, Any]) -> None:
        request["inputs"][0]["data"][0] = value

    return _changed(change)


def _shape(change: Callable[[list[Any]], list[Any]]) -> Callable[[Model], bytes]:
    def reshape(request: dict[str, Any]) -> None:
        request["inputs"][0]["shape"] = change(request["inputs"][0]["shape"])

    return _changed(reshape)


SCHEMA: Final = "open_inference_rest.yaml, "
SHAPE: Final = 'inference_rest.md, "Each dimension must be an integer representable as an unsigned 64-bit integer":'

MALFORMED: Final = (
    Malformed("not JSON", "inference_rest.md, $inference_request:", _text(b'{"inputs": [')),
    Malformed("not UTF-8", "RFC 8259, 8.1:", _text(b'{"id": "\xff", "inputs": []}')),
    Malformed("empty body", "inference_rest.md, $inference_request, required in the body:", _text(b"")),
    Malformed("a list", "inference_rest.md, $inference_request, an object:", _text(b"[1, 2]")),
    Malformed("no inputs", SCHEMA + "inference_request, required:", _changed(lambda request: request.pop("inputs"))),
    Malformed("inputs not a list", SCHEMA + "inference_request:", _changed(lambda request: request.update(inputs={}))),
    Malformed("empty inputs", "inference_rest.md, the model's inputs are required:", _text(b'{"inputs": []}')),
    Malformed("input without name", SCHEMA + "request_input, required:", _input(name=None)),
    Malformed("input without shape", SCHEMA + "request_input, required:", _input(shape=None)),
    Malformed("input without datatype", SCHEMA + "request_input, required:", _input(datatype=None)),
    Malformed("input without data", SCHEMA + "request_input, required:", _input(data=None)),
    Malformed("data not a list", SCHEMA + "tensor_data:", _input(data="5.1")),
    Malformed("name not a text", SCHEMA + "request_input:", _input(name=7), True),
    Malformed("id not a text", SCHEMA + "inference_request:", _changed(lambda request: request.update(id=7)), True),
    Malformed("unknown datatype", 'inference_rest.md, "as defined in Tensor Data Types":', _input(datatype="FP12")),
    Malformed("text for a number", 'required_api.md, "Tensor Data", coerced or an error:', _value("wide")),
    Malformed(
        "too many rows in shape", 'required_api.md, "Tensor Data":', _shape(lambda shape: [shape[0] + 1, *shape[1:]])
    ),
    Malformed(
        "too few rows in shape", 'required_api.md, "Tensor Data":', _shape(lambda shape: [shape[0] - 1, *shape[1:]])
    ),
    Malformed("negative dimension", SHAPE, _shape(lambda shape: [-size for size in shape])),
    Malformed("text as dimension", SHAPE, _shape(lambda shape: [str(size) for size in shape]), True),
    Malformed("fraction as dimension", SHAPE, _shape(lambda shape: [shape[0] + 0.5, *shape[1:]])),
    Malformed("overflowing shape", SHAPE, _shape(lambda shape: [2**33, 2**31, 3])),
    Malformed("dimension over 64 bits", SHAPE, _shape(lambda shape: [2**64 + shape[0], *shape[1:]])),
    Malformed(
        "outputs not a list", SCHEMA + "inference_request:", _changed(lambda request: request.update(outputs="a"))
    ),
)
