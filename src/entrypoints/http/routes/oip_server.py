"""The routes of the Open Inference Protocol that describe the server, its health and its models."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from foreseen.entrypoints.http.counting.counted_routes import (
    V2,
    V2_INDEX,
    V2_LIVE,
    V2_LOAD,
    V2_MODELS,
    V2_READY,
    V2_UNLOAD,
)
from foreseen.entrypoints.http.openapi.oip_docs import oip_errors
from foreseen.entrypoints.http.protocols.oip.model_metadata import EXTENSIONS, SERVER_NAME
from foreseen.entrypoints.http.protocols.oip.model_versions import ONLY_VERSION
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.responses.problem_formats import write_error
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness


class ServerMetadata(BaseModel):
    """What the server is, and what it has beyond the protocol's core."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """Whether the server is alive."""

    live: bool


class ServerReady(ServerLive):
    """Whether a model of the server can predict."""

    ready: bool


class ModelNames(BaseModel):
    """The names of the models."""

    models: list[str]


class IndexedModel(BaseModel):
    """A model in the repository's index."""

    name: str
    version: str
    state: str = Field(description="READY, or UNAVAILABLE while the model cannot predict")
    reason: str


def index_of_one(name: str, readiness: ModelReadiness) -> list[IndexedModel]:
    """Return the index of a service of one model."""
    return [indexed(name, ONLY_VERSION, readiness.reason())]


def indexed(name: str, version: str, reason: str) -> IndexedModel:
    """Return a model as it is listed.

    Args:
        reason: why it cannot predict, which not every client may know; empty if it can.
    """
    state = "UNAVAILABLE" if reason else "READY"
    return IndexedModel(name=name, version=version, state=state, reason="not ready" if reason else "")


def oip_server(listed: Callable[[], Sequence[IndexedModel]], readiness: ModelReadiness) -> APIRouter:
    """Return the routes of /v2, /v2/health/live and /ready, /v2/models and /v2/repository.

    Args:
        listed: returns the versions of all models.
        readiness: whether any model can predict.
    """
    router = APIRouter(tags=["about"])
    described = ServerMetadata(name=SERVER_NAME, version=version("foreseen"), extensions=list(EXTENSIONS))

    @router.get(V2, summary="The server, in the Open Inference Protocol")
    @router.get(f"{V2}/", include_in_schema=False)
    async def server() -> ServerMetadata:
        return described

    @router.get(V2_LIVE, summary="Liveness, in the Open Inference Protocol")
    async def live() -> ServerLive:
        return ServerLive(live=True)

    @router.get(V2_READY, summary="Readiness, in the Open Inference Protocol", responses=oip_errors("503"))
    async def ready(request: Request) -> ServerReady:
        context_of(request.scope).write_problem = _unready
        readiness.require(request.scope)
        return ServerReady(live=True, ready=True)

    @router.get(V2_MODELS, summary="The names of the models, in the Open Inference Protocol")
    async def models() -> ModelNames:
        return ModelNames(models=list(dict.fromkeys(each.name for each in listed())))

    @router.post(V2_INDEX, summary="The index of the repository, in the Open Inference Protocol")
    async def index() -> list[IndexedModel]:
        return list(listed())

    @router.post(V2_LOAD, include_in_schema=False)
    @router.post(V2_UNLOAD, include_in_schema=False)
    async def load() -> None:
        detail = "expected nothing to load or unload here; POST /admin/reload reloads what is served"
        raise Rejection(404, "http", "Not Found", detail)

    return router


def _unready(members: Mapping[str, object]) -> tuple[bytes, str]:
    return write_error({"live": True, "ready": False, **members})
