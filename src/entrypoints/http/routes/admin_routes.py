"""The routes under /admin/, which change what is served; who may ask is the access layer's to say."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.responses.problems import Rejection

Reload = Callable[[], Awaitable[tuple[str, str] | None]]
"""Reloads the model; returns the fingerprints before and after, None where that was passed on to several processes."""


def admin_router(reload: Reload) -> APIRouter:
    """Build the routes."""
    router = APIRouter(prefix="/admin", tags=["admin"])

    @router.post(
        "/reload",
        summary="Reload the model",
        response_class=JSONResponse,
        responses={int(status): reply for status, reply in _RESPONSES.items()},
    )
    async def reload_model() -> JSONResponse:
        """Load the model file as it is now, and serve it from then on; what fails leaves the previous model."""
        try:
            fingerprints = await reload()
        except ForeseenError as exc:  # which the front has logged
            raise Rejection(503, "not-reloaded", "Not reloaded; the previous model still serves", str(exc)) from exc
        if fingerprints is None:
            return JSONResponse({"status": "passed on to all workers; the log has the outcome"}, status_code=202)
        before, after = fingerprints
        return JSONResponse({"status": "unchanged" if before == after else "reloaded", "fingerprint": after})

    return router


def _reply(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_RESPONSES: Final = {
    "200": _reply(
        "The model that is served now.",
        status={"type": "string", "enum": ["reloaded", "unchanged"]},
        fingerprint={"type": "string"},
    ),
    "202": _reply("Passed on to all workers; each logs the outcome.", status={"type": "string"}),
    **problem_responses({"403": "Forbidden.", "503": "Not reloaded; the previous model still serves."}),
}
