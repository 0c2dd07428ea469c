"""The routes by which MLflow, SageMaker and Azure ML look after a server: /ping, /health and /version."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness

_TEXT: Final = "text/plain; charset=utf-8"
_UNREADY: Final = {
    "description": "The model cannot predict.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


def mlflow_probes(readiness: ModelReadiness) -> APIRouter:
    """Return the routes of /ping and /health, which say whether the model can predict, and of /version."""
    router = APIRouter(tags=["about"], default_response_class=PlainTextResponse)

    @router.get("/ping", summary="Readiness, for SageMaker", responses={503: _UNREADY})
    @router.get("/health", summary="Readiness, for MLflow", responses={503: _UNREADY})
    async def ping(request: Request) -> str:
        context_of(request.scope).write_problem = _as_text
        readiness.require(request.scope)
        return "ready\n"

    @router.get("/version", summary="The version of Foreseen")
    async def shown_version() -> str:
        return version("foreseen")

    return router


def _as_text(members: Mapping[str, object]) -> tuple[bytes, str]:
    return f"{members['detail']}\n".encode(), _TEXT
