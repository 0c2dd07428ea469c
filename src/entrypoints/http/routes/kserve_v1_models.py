"""The routes that describe the model in the first protocol of KServe, and in that of TensorFlow Serving."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.convertors import StringConvertor, register_url_convertor

from foreseen.entrypoints.http.counting.counted_routes import V1_MODEL, V1_MODELS
from foreseen.entrypoints.http.openapi.bare_docs import v1_model_errors, v1_name
from foreseen.entrypoints.http.protocols.kserve_v1_endpoints import require_model
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.responses.problem_formats import write_error
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness


class _NameConvertor(StringConvertor):
    """A model's name, which ends before the verb of another path: /v1/models/NAME:predict."""

    regex = "[^/:]+"


register_url_convertor("model_name", _NameConvertor())


class VersionError(BaseModel):
    """Why a version is in its state."""

    error_code: str
    error_message: str


class VersionStatus(BaseModel):
    """The state of a version, of which there is one."""

    version: str
    state: str = Field(description="AVAILABLE, or LOADING while the model cannot predict")
    status: VersionError


class V1Model(BaseModel):
    """Whether a model can predict."""

    name: str
    ready: bool
    model_version_status: list[VersionStatus]


class V1Models(BaseModel):
    """The names of the models, of which there is one."""

    models: list[str]


def kserve_v1_models(name: str, readiness: ModelReadiness) -> APIRouter:
    """Return the routes of /v1/models and /v1/models/NAME.

    Args:
        name: of the served model.
    """
    router = APIRouter(tags=["about"])
    ready = _status(name, "AVAILABLE", "OK", "")

    def write_unready(members: Mapping[str, object]) -> tuple[bytes, str]:
        status = _status(name, "LOADING", "UNAVAILABLE", str(members["detail"]))
        return write_error({**status.model_dump(), **members})

    @router.get(V1_MODELS, summary="The name of the model, for KServe v1")
    async def models() -> V1Models:
        return V1Models(models=[name])

    @router.get(
        V1_MODEL.replace("{name}", "{name:model_name}"),
        summary="Readiness of the model, for KServe v1 and TensorFlow Serving",
        openapi_extra={"parameters": [v1_name(name)]},
        responses=v1_model_errors(),
    )
    async def model(request: Request) -> V1Model:
        require_model(request.path_params["name"], name)
        context_of(request.scope).write_problem = write_unready
        readiness.require(request.scope)
        return ready

    return router


def _status(name: str, state: str, code: str, message: str) -> V1Model:
    status = VersionStatus(version="1", state=state, status=VersionError(error_code=code, error_message=message))
    return V1Model(name=name, ready=state == "AVAILABLE", model_version_status=[status])
