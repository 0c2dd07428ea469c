"""The OpenAPI document, made from the model's signature: its features by name, type and example."""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from foreseen.domain.ports import Predictor
from foreseen.domain.values.output import Output, prediction_first
from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.openapi.instance_docs import instance_schema, row_schema, value_schemas
from foreseen.entrypoints.http.requests.request_wait import FORM
from foreseen.entrypoints.http.responses.problems import MEDIA_TYPE

REF: Final = "#/components/schemas/"
_CACHE_STATUS: Final = {
    "Cache-Status": {
        "description": "Where the answer came from (RFC 9211).",
        "schema": {"type": "string"},
        "example": "foreseen; hit; detail=L1",
    }
}

_REQUEST_ID: Final = {
    "X-Request-Id": {
        "description": "The id that the request brought, or a new one; log lines contain it.",
        "schema": {"type": "string"},
    }
}

_ETAG: Final = {
    "ETag": {"description": "Names the answer, for If-None-Match (RFC 9110).", "schema": {"type": "string"}}
}

OK_HEADERS: Final = _CACHE_STATUS | _REQUEST_ID
RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds after which to retry.", "schema": {"type": "integer", "minimum": 1}}
}
TIMEOUT: Final = {
    "name": "Request-Timeout",
    "in": "header",
    "required": False,
    # Not as an example: /docs would send it with every request, and a model may take longer.
    "description": "How many seconds to wait for the answer, such as 2 or 0.25. The service may have a lower limit.",
    "schema": {"type": "string", "pattern": FORM},
}


def openapi(app: FastAPI, predictor: Predictor, root_path: str) -> dict[str, object]:
    """Return the document of the whole service.

    Args:
        root_path: the path below which a proxy serves it; "/" for URLs that are relative to the document.
    """
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    document["servers"] = [{"url": "." if root_path == "/" else root_path, "description": "this service"}]
    # The most important schemas come first.
    document["components"]["schemas"] = {
        "Instance": instance_schema(predictor.info.signature),
        "Row": row_schema(predictor.info.signature),
        "Instances": _instances(),
        "Prediction": _prediction(predictor),
        "Predictions": {
            "type": "object",
            "required": ["predictions"],
            "properties": {"predictions": _list_of("Prediction")},
        },
        "Problem": _PROBLEM,
    } | document["components"]["schemas"]
    return document


def post_predict_docs(signature: Signature) -> dict[str, object]:
    """Return the OpenAPI operation of POST /predict: its body and its answers."""
    example = dict(signature.example_instance())
    body = {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [{"$ref": REF + "Instance"}, {"$ref": REF + "Instances"}]},
                "examples": {
                    "one": {"summary": "One instance", "value": example},
                    "objects": {"summary": "Many, as objects", "value": {"instances": [example]}},
                    "rows": {"summary": "Many, as rows", "value": {"instances": [list(example.values())]}},
                },
            }
        },
    }
    answer = {"oneOf": [{"$ref": REF + "Prediction"}, {"$ref": REF + "Predictions"}]}
    problems = {
        "400": "The body is not JSON, or Request-Timeout is not a number of seconds.",
        "413": "The body is too large, or holds too many instances.",
        "415": "The body is not declared as JSON, or is compressed.",
    }
    return {"parameters": [TIMEOUT], "requestBody": body, "responses": _responses(answer, problems)}


def get_predict_docs(signature: Signature) -> dict[str, object]:
    """Return the OpenAPI operation of GET /predict: its parameters and its answers."""
    schemas = value_schemas(signature)
    parameters = [
        {
            "name": feature.name,
            "in": "query",
            "required": not feature.is_optional,
            "schema": schemas[feature.name],
            "example": feature.default_example(),
        }
        for feature in signature.features
    ]
    problems = {"400": "Request-Timeout is not a number of seconds."}
    responses = _responses({"$ref": REF + "Prediction"}, problems)
    responses["200"]["headers"] = OK_HEADERS | _ETAG
    responses["304"] = {"description": "If-None-Match names the answer: the client has it.", "headers": _ETAG}
    return {"parameters": [*parameters, TIMEOUT], "responses": dict(sorted(responses.items()))}


def problem_responses(problems: dict[str, str], media_type: str = MEDIA_TYPE) -> dict[str, dict[str, object]]:
    """Return OpenAPI responses that are problem documents, by status; `problems` has their descriptions."""
    content = {media_type: {"schema": {"$ref": REF + "Problem"}}}
    return {status: {"description": said, "content": content} for status, said in problems.items()}


def _responses(answer: Mapping[str, object], problems: dict[str, str]) -> dict[str, dict[str, object]]:
    common = {
        "422": "The instances do not fit the model; names each place.",
        "500": "The model failed.",
        "503": "The model queue is full.",
        "504": "The deadline was exceeded; or Cache-Control: only-if-cached, and no cache holds the answer.",
    }
    ok: dict[str, object] = {
        "description": "The prediction.",
        "headers": OK_HEADERS,
        "content": {"application/json": {"schema": answer}},
    }
    responses = {"200": ok, **problem_responses(dict(sorted((problems | common).items())))}
    responses["503"]["headers"] = RETRY_AFTER
    return responses


def _instances() -> dict[str, object]:
    either = {"oneOf": [{"$ref": REF + "Instance"}, {"$ref": REF + "Row"}]}
    return {
        "type": "object",
        "required": ["instances"],
        "additionalProperties": False,
        "properties": {"instances": {"type": "array", "minItems": 1, "items": either}},
    }


def _list_of(schema: str) -> dict[str, object]:
    return {"type": "array", "items": {"$ref": REF + schema}}


def _prediction(predictor: Predictor) -> dict[str, object]:
    properties = {output.member: _value(output) for output in prediction_first(predictor.info.outputs)}
    return {"type": "object", "required": list(properties), "properties": properties}


def _value(output: Output) -> dict[str, object]:
    if output.of_class:
        return _class_values(output)
    if output.is_label:
        return {"type": "string", "enum": list(output.classes)}
    if output.classes:
        return {"type": "array", "items": {"type": "string"}}
    if output.dtype is None:
        return {"description": "What the model answers: a number, a string, or a list of them."}
    one = {"string": ["string"], "float64": ["number", "null"]}[output.dtype]
    return {"anyOf": [{"type": one}, {"type": "array", "items": {"type": one}}]}


def _class_values(output: Output) -> dict[str, object]:
    share = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    known = {"properties": dict.fromkeys(output.classes, share)} if output.classes else {}
    one: dict[str, object] = {"type": "object", **known, "additionalProperties": share}
    return one if output.classes else {"anyOf": [one, {"type": "array"}, share]}


_PROBLEM: Final = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "example": "urn:foreseen:problem:invalid-instances"},
        "title": {"type": "string", "example": "The instances do not fit the model"},
        "status": {"type": "integer", "example": 422},
        "detail": {"type": "string", "example": 'instances[3].petal_width: expected a number, got "wide"'},
        "request_id": {"type": "string", "description": "The id of the request in log lines, as in X-Request-Id."},
        "trace_id": {"type": "string", "description": "The trace that traceparent names (W3C Trace Context)."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["place", "expected", "got"],
                "properties": {name: {"type": "string"} for name in ("place", "expected", "got", "hint")},
            },
        },
    },
}
