"""One OpenAPI document for all models: the paths of each, and its schemas under its name."""

from typing import TYPE_CHECKING, Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from foreseen.entrypoints.http.fleet.fleet_map import MODELS, OF_DEFAULT, FleetMap, Member
from foreseen.entrypoints.http.openapi.access_docs import with_access
from foreseen.entrypoints.http.openapi.openapi_document import REF
from foreseen.entrypoints.http.service.application import create_app
from foreseen.entrypoints.http.service.assembly import forget_routes
from foreseen.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARED: Final = "Problem"
"""The schema that is the same in all models."""

Json = dict[str, object]


def fleet_document(app: FastAPI, fleet: FleetMap, settings: Settings) -> Json:
    """Return the document: the paths of the service, and of each model those of its default version."""
    document: Json = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    root = settings.root_path
    document["servers"] = [{"url": "." if root == "/" else root, "description": "this service"}]
    paths = cast("Json", document["paths"])
    schemas = cast("Json", cast("Json", document.setdefault("components", {})).setdefault("schemas", {}))
    for model in fleet.models.values():
        member = model.members[model.default]
        described = _of(member)
        name = model.name
        own = cast("Mapping[str, Json]", cast("Json", described["components"])["schemas"])
        schemas |= {_renamed(schema, name): _for_model(what, name) for schema, what in own.items()}
        given = cast("Mapping[str, Mapping[str, Json]]", described["paths"])
        for path in OF_DEFAULT:
            at = f"{MODELS}/{name}{path}"
            paths[at] = {method: _operation(operation, name) for method, operation in given[path].items()}
        if name == fleet.default_model:
            paths |= {path: {method: _plain(each, name) for method, each in given[path].items()} for path in OF_DEFAULT}
    return with_access(document, settings)


def _of(member: Member) -> Json:
    """Return the document of one model, as it would be alone."""
    try:
        return dict(create_app(member.parts.front.service).openapi())
    finally:
        forget_routes()


def _operation(operation: Json, model: str) -> Json:
    tagged = {**_plain(operation, model), "tags": [f"model {model}"]}
    if "operationId" in tagged:
        tagged["operationId"] = f"{model}_{tagged['operationId']}"
    return tagged


def _plain(operation: Json, model: str) -> Json:
    return cast("Json", _for_model(operation, model))


def _for_model(node: object, model: str) -> object:
    """Return a part of a document whose references are to the schemas of a model."""
    if isinstance(node, dict):
        return {
            key: REF + _renamed(value.removeprefix(REF), model)
            if key == "$ref" and isinstance(value, str) and value.startswith(REF)
            else _for_model(value, model)
            for key, value in node.items()
        }
    return [_for_model(each, model) for each in node] if isinstance(node, list) else node


def _renamed(schema: str, model: str) -> str:
    return schema if schema == _SHARED else f"{model}.{schema}"
