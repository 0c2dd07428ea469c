"""The OpenAPI operations of the Open Inference Protocol."""

from collections.abc import Mapping
from typing import Final

from foreseen.entrypoints.http.openapi.bare_docs import v1_error
from foreseen.entrypoints.http.openapi.openapi_document import OK_HEADERS, RETRY_AFTER, TIMEOUT

_Schema = Mapping[str, object]

_STATUSES: Final = {
    "400": "The body cannot be read, its tensors do not fit the model, or Request-Timeout is not a number of seconds.",
    "404": "Another model's name, or another version.",
    "413": "The body is too large, or holds too many instances.",
    "415": "The body is of another media type or charset, or is compressed.",
    "500": "The model failed.",
    "503": "The model queue is full, or the model is being loaded again.",
    "504": "The deadline was exceeded; or Cache-Control: only-if-cached, and no cache holds the answer.",
}
_PARAMETERS: Final = {"type": "object"}
_SHAPE: Final = {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1}}
_TENSOR: Final = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": _SHAPE,
        "datatype": {"type": "string"},
        "parameters": _PARAMETERS,
        "data": {"type": "array", "description": "flat or nested, in row-major order; null where a value is missing"},
    },
}
_OUTPUT: Final = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
}
_REQUEST: Final = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {"type": "array", "items": _OUTPUT},
    },
}
_RESPONSE: Final = {
    "type": "object",
    "required": ["model_name", "model_version", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_BINARY: Final = "JSON, of which Inference-Header-Content-Length is the length, then the bytes of the tensors."


def infer_docs(name: str, example: Mapping[str, object], versions: Mapping[str, object] | None = None) -> _Schema:
    """Return the operation of an inference.

    Args:
        name: of the served model.
        example: a request.
        versions: the parameter of the version; None if the path has none.
    """
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "description": _BINARY}}}
    body = {"application/json": {"schema": _REQUEST, "examples": {"tensors": {"value": example}}}, **binary}
    ok: dict[str, object] = {
        "description": "The outputs.",
        "headers": OK_HEADERS,
        "content": {"application/json": {"schema": _RESPONSE}, **binary},
    }
    responses: dict[int | str, dict[str, object]] = {"200": ok, **oip_errors(*_STATUSES)}
    responses["503"]["headers"] = RETRY_AFTER
    parameters = [oip_name(name), *([versions] if versions else []), TIMEOUT]
    return {"parameters": parameters, "requestBody": {"required": True, "content": body}, "responses": responses}


def oip_errors(*statuses: str) -> dict[int | str, dict[str, object]]:
    """Return the responses of errors by their statuses, in the form of the protocol."""
    return {status: v1_error(_STATUSES[status]) for status in statuses}


def oip_path_errors() -> dict[int | str, dict[str, object]]:
    """Return the responses of errors in a path with a name."""
    return {"400": v1_error("The path has control characters."), **oip_errors("404")}


def oip_name(name: str) -> Mapping[str, object]:
    """Return the parameter of the name in paths."""
    schema = {"type": "string", "enum": [name]}
    return {"name": "name", "in": "path", "required": True, "schema": schema, "example": name}


def oip_version(*versions: str) -> Mapping[str, object]:
    """Return the parameter of the version in paths."""
    schema = {"type": "string", "enum": list(versions)}
    return {"name": "version", "in": "path", "required": True, "schema": schema, "example": versions[0]}
