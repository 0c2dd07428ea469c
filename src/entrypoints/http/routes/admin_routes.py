"""The route that reloads the model, under /admin/; access control decides who may use it."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.responses.problems import Rejection

Reload = Callable[[], Awaitable[tuple[str, str] | None]]
"""Reloads the model; returns the fingerprints before and after, or None if the request was passed on to all workers."""


def admin_router(reload: Reload) -> APIRouter:
    """Return the route POST /admin/reload."""
    router = APIRouter(prefix="/admin", tags=["admin"])

    @router.post(
        "/reload",
        summary="Reload the model",
        response_class=JSONResponse,
        responses={int(status): reply for status, reply in _RESPONSES.items()},
    )
    async def reload_model() -> JSONResponse:
        """Load the model file again, and serve the new model; if that fails, the previous model still serves."""
        try:
            fingerprints = await reload()
        except ForeseenError as exc:  # logged by `reload`
            raise Rejection(503, "not-reloaded", "Not reloaded; the previous model still serves", str(exc)) from exc
        if fingerprints is None:
            return JSONResponse({"status": "passed on to all workers; the log has the outcome"}, status_code=202)
        before, after = fingerprints
        return JSONResponse({"status": "unchanged" if before == after else "reloaded", "fingerprint": after})

    return router


def _reply(description: str, **properties: dict[str, object]) -> dict[str, object]:
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
