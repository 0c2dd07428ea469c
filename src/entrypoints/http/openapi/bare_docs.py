"""The OpenAPI operations of the protocols with bare values: MLflow's, KServe's first, and what both take."""

from collections.abc import Mapping
from typing import Final, TypedDict

from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.openapi.instance_docs import value_schemas
from foreseen.entrypoints.http.openapi.openapi_document import OK_HEADERS, REF, RETRY_AFTER, TIMEOUT
from foreseen.entrypoints.http.responses.problems import MEDIA_TYPE

Schema = Mapping[str, object]


class _Operation(TypedDict):
    parameters: list[Schema]
    requestBody: Schema
    responses: dict[str, dict[str, object]]


_MLFLOW_ERROR: Final = {
    "allOf": [
        {"$ref": REF + "Problem"},
        {
            "type": "object",
            "required": ["error_code", "message"],
            "properties": {"error_code": {"type": "string", "example": "BAD_REQUEST"}, "message": {"type": "string"}},
        },
    ]
}
_V1_ERROR: Final = {
    "allOf": [
        {"$ref": REF + "Problem"},
        {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
    ]
}
_STATUSES: Final = {
    "400": "The body cannot be read, or Request-Timeout is not a number of seconds.",
    "413": "The body is too large, or holds too many instances.",
    "415": "The body is of another media type or charset, or is compressed.",
    "422": "The body has none of the forms, or the instances do not fit the model; names each place.",
    "500": "The model failed.",
    "503": "The model queue is full, or the model is being loaded again.",
    "504": "The deadline was exceeded; or Cache-Control: only-if-cached, and no cache holds the answer.",
}
_OTHER_NAME: Final = "Another model's name."
_NOTHING: Final = {"anyOf": [{"type": "null"}, {"type": "object", "maxProperties": 0}]}


def json_invocations_docs(signature: Signature) -> Schema:
    """Return the operation of POST /invocations with a JSON body."""
    columns = list(signature.names)
    example = dict(signature.example_instance())
    row = list(example.values())
    forms = [
        _form("dataframe_split", _split(signature), "params"),
        _form("dataframe_records", _filled({"$ref": REF + "Instance"}), "params"),
        _form("instances", _instances(signature), "params"),
        _form("inputs", {"anyOf": [_instances(signature), _columns(signature)]}, "params"),
    ]
    examples = {
        "split": {"summary": "A data frame", "value": {"dataframe_split": {"columns": columns, "data": [row]}}},
        "records": {"summary": "Objects", "value": {"dataframe_records": [example]}},
        "instances": {"summary": "Rows", "value": {"instances": [row]}},
        "inputs": {"summary": "Columns", "value": {"inputs": {name: [value] for name, value in example.items()}}},
    }
    body = {"application/json": {"schema": {"oneOf": forms}, "examples": examples}}
    return _operation(body, _list_in("predictions"), _MLFLOW_ERROR)


def csv_invocations_docs(signature: Signature) -> Schema:
    """Return the operation of POST /invocations with a CSV body."""
    said = f"A row of names ({', '.join(signature.names)}, in any order), then a row for each instance (RFC 4180)."
    return _operation(
        {"text/csv": {"schema": {"type": "string", "description": said}}}, _list_in("predictions"), _MLFLOW_ERROR
    )


def v1_predict_docs(signature: Signature, name: str) -> Schema:
    """Return the operation of POST /v1/models/NAME:predict.

    Args:
        name: of the served model.
    """
    row = list(signature.example_instance().values())
    unused = ("parameters", "signature_name")
    forms = [
        _form("instances", _instances(signature), *unused),
        _form("inputs", {"anyOf": [_instances(signature), _columns(signature)]}, *unused),
    ]
    examples = {"instances": {"summary": "Rows", "value": {"instances": [row]}}}
    body = {"application/json": {"schema": {"oneOf": forms}, "examples": examples}}
    answer = {"oneOf": [_list_in("predictions"), _list_in("outputs")]}
    operation = _operation(body, answer, _V1_ERROR)
    operation["responses"] |= {"400": v1_error(_STATUSES["400"]), "404": v1_error(_OTHER_NAME)}
    return {**operation, "parameters": [v1_name(name), TIMEOUT]}


def v1_model_errors() -> dict[int | str, dict[str, object]]:
    """Return the responses of errors of GET /v1/models/NAME."""
    said = {400: "The path has control characters.", 404: _OTHER_NAME, 503: "The model cannot predict."}
    return {status: v1_error(each) for status, each in said.items()}


def v1_name(name: str) -> dict[str, object]:
    """Return the parameter of the name in paths of the first protocol of KServe."""
    schema = {"type": "string", "enum": [name]}
    return {"name": "name", "in": "path", "required": True, "schema": schema, "example": name}


def v1_error(said: str) -> dict[str, object]:
    """Return the response of an error in the form of that protocol, with a description.

    A name that cannot be one in a path has a plain problem document.
    """
    schemas = {"application/json": _V1_ERROR, MEDIA_TYPE: {"$ref": REF + "Problem"}}
    return {"description": said, "content": {media_type: {"schema": schema} for media_type, schema in schemas.items()}}


def _operation(body: Schema, answer: Schema, error: Schema) -> _Operation:
    ok: dict[str, object] = {
        "description": "The predictions.",
        "headers": OK_HEADERS,
        "content": {"application/json": {"schema": answer}},
    }
    responses: dict[str, dict[str, object]] = {
        status: {"description": said, "content": {"application/json": {"schema": error}}}
        for status, said in _STATUSES.items()
    }
    responses["503"]["headers"] = RETRY_AFTER
    return {
        "parameters": [TIMEOUT],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": ok, **responses},
    }


def _form(member: str, schema: Schema, *beside: str) -> Schema:
    """Return the schema of a body with its instances in this member."""
    others = {name: {} if name == "signature_name" else _NOTHING for name in beside}
    properties = {member: schema, **others}
    return {"type": "object", "required": [member], "additionalProperties": False, "properties": properties}


def _instances(signature: Signature) -> Schema:
    either = [{"$ref": REF + "Instance"}, {"$ref": REF + "Row"}]
    bare = list(value_schemas(signature).values()) if len(signature.features) == 1 else []
    return _filled({"anyOf": [*either, *bare]})


def _split(signature: Signature) -> Schema:
    names = {"type": "array", "items": {"type": "string"}, "description": ", ".join(signature.names)}
    properties = {"columns": names, "index": {"type": "array"}, "data": _filled({"type": "array"})}
    return {"type": "object", "required": ["data"], "additionalProperties": False, "properties": properties}


def _columns(signature: Signature) -> Schema:
    properties = {name: _filled(schema) for name, schema in value_schemas(signature).items()}
    required = [feature.name for feature in signature.features if not feature.is_optional]
    return {"type": "object", "required": required, "minProperties": 1, "properties": properties}


def _filled(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _list_in(member: str) -> Schema:
    values = {"type": "array", "items": {}, "description": "A value for each instance; an object of several outputs."}
    return {"type": "object", "required": [member], "properties": {member: values}}
