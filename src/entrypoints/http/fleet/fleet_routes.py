"""The routes that describe the models of a service, and what is answered where a path means none of them."""

import re
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from foreseen.entrypoints.http.counting.counted_routes import V1_MODELS
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_map import MODELS, OF_DEFAULT, FleetModel, Member
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.origins.locality import is_trusted
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.entrypoints.http.routes.kserve_v1_models import V1Models
from foreseen.wiring.predictors import unready

_ANY: Final = ("GET", "POST")
_NO_MODEL: Final = problem_responses({"404": "There is no model or version of this name; the detail lists them."})


class VersionDescription(BaseModel):
    """A version of a model."""

    version: str
    state: str = Field(description="ready, or unready while it cannot predict")
    reason: str = Field(description="why it is unready; empty if it is ready, or for clients that are not trusted")
    aliases: list[str]
    fingerprint: str
    url: str = Field(description="requests for this version, such as URL/predict")


class FleetModelDescription(BaseModel):
    """A model and its versions."""

    name: str
    url: str = Field(description="requests for the default version, such as URL/predict")
    default: str = Field(description="the version of requests that name none")
    aliases: dict[str, str] = Field(description="versions by further names, which may stand for a version in URLs")
    versions: list[VersionDescription]


class FleetDescription(BaseModel):
    """All models of the service."""

    models: list[FleetModelDescription]
    default_model: str | None = Field(description="the model of /predict; null if requests have to name one")


def fleet_router(fleet: Fleet) -> APIRouter:
    """Return the routes of /models, and of /v1/models."""
    router = APIRouter(tags=["models"])

    @router.get(MODELS, summary="List the models")
    async def models(request: Request) -> FleetDescription:
        current = fleet.current
        described = [describe(model, request) for model in current.models.values()]
        return FleetDescription(models=described, default_model=current.default_model)

    @router.get(f"{MODELS}/{{name}}", summary="Describe a model and its versions", responses=_statuses(_NO_MODEL))
    async def model(name: str, request: Request) -> FleetModelDescription:
        return describe(model_of(fleet, name), request)

    @router.get(f"{MODELS}/{{name}}/versions/{{version}}", summary="Describe a version", responses=_statuses(_NO_MODEL))
    async def version(name: str, version: str, request: Request) -> VersionDescription:
        found = model_of(fleet, name)
        return _version(found, member_of(found, version), request)

    @router.get(V1_MODELS, summary="The names of the models, for KServe v1")
    async def v1_models() -> V1Models:
        return V1Models(models=list(fleet.current.models))

    return router


def unserved_router(fleet: Fleet) -> APIRouter:
    """Return routes that say which models there are, for paths that mean none of them; to be included last."""
    router = APIRouter(include_in_schema=False)

    async def no_default() -> None:
        raise _no_model("expected the path of a model, since there is no default_model", fleet)

    for path in OF_DEFAULT:
        router.add_api_route(path, no_default, methods=list(_ANY))

    @router.api_route(f"{MODELS}/{{name}}/{{rest:path}}", methods=list(_ANY))
    async def below_model(name: str, rest: str) -> None:
        parts = rest.split("/")
        found = model_of(fleet, name)
        if parts[0] == "versions" and len(parts) > 1:
            member_of(found, parts[1])
        paths = ", ".join(f"{MODELS}/{name}{path}" for path in OF_DEFAULT)
        raise Rejection(404, "http", "Not Found", f"expected a path such as {paths}, got {MODELS}/{name}/{rest}")

    @router.api_route(f"{V1_MODELS}/{{rest:path}}", methods=list(_ANY))
    async def v1_model(rest: str) -> None:
        name = re.split("[:/]", rest, maxsplit=1)[0]
        raise _no_model(f"Model with name {name} does not exist", fleet)

    return router


def describe(model: FleetModel, request: Request) -> FleetModelDescription:
    """Return the description of a model, with URLs as the client of a request reaches them."""
    return FleetModelDescription(
        name=model.name,
        url=_url(request, f"{MODELS}/{model.name}"),
        default=model.default,
        aliases=dict(model.aliases),
        versions=[_version(model, member, request) for member in model.members.values()],
    )


def member_of(model: FleetModel, version: str) -> Member:
    """Return a version of a model, by its name or an alias; raise Rejection (404) if there is none."""
    member = model.member(version)
    if member is None:
        known = ", ".join([*model.members, *model.aliases])
        raise Rejection(404, "http", "Not Found", f"expected a version of {model.name}: {known}; got {version}")
    return member


def reason_of(member: Member) -> str:
    """Return why a version cannot predict now; empty if it can."""
    service = member.parts.front.service
    return unready(service.predictor, service.model_thread, service.settings)


def _version(model: FleetModel, member: Member, request: Request) -> VersionDescription:
    reason = reason_of(member)
    return VersionDescription(
        version=member.plan.version,
        state="unready" if reason else "ready",
        reason=reason if is_trusted(request.scope) else "",
        aliases=[alias for alias, version in model.aliases.items() if version == member.plan.version],
        fingerprint=member.parts.front.service.predictor.info.fingerprint.hex(),
        url=_url(request, member.place),
    )


def _url(request: Request, path: str) -> str:
    return str(request.base_url).rstrip("/") + path


def model_of(fleet: Fleet, name: str) -> FleetModel:
    """Return a model by its name; raise Rejection (404) if there is none."""
    model = fleet.current.models.get(name)
    if model is None:
        raise _no_model(f"expected the name of a model, got {name}", fleet)
    return model


def _no_model(said: str, fleet: Fleet) -> Rejection:
    paths = ", ".join(f"{MODELS}/{name}" for name in fleet.current.models)
    return Rejection(404, "http", "Not Found", f"{said}; the models are {paths}")


def _statuses(responses: Mapping[str, dict[str, object]]) -> dict[int | str, dict[str, object]]:
    return {int(status): reply for status, reply in responses.items()}
