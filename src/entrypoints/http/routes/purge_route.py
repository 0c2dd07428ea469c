"""The route that purges every tier of every known process."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from foreseen.domain.purging import Purge, Purged
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.responses.problems import Rejection

log = logging.getLogger(__name__)

SCOPES: Final = ("model", "all")


def purge_router(purge: Purge, model_name: str) -> APIRouter:
    """Return the route POST /admin/purge, which purges this model's entries by default."""
    router = APIRouter(prefix="/admin", tags=["admin"])
    one_at_a_time = asyncio.Lock()  # each scans the whole of Redis

    @router.post(
        "/purge",
        summary="Remove cached predictions everywhere",
        response_class=JSONResponse,
        responses={int(status): reply for status, reply in _RESPONSES.items()},
        openapi_extra={"parameters": [_SCOPE]},
    )
    async def purge_predictions(request: Request) -> JSONResponse:
        """Remove the entries of this model, in all versions, from every tier of every process; with scope=all, of every
        model.
        Processes have a few seconds to confirm; scanning the keys in Redis has no time limit.
        """
        model = None if _scope_of(request) == "all" else model_name
        async with one_at_a_time:
            purged = await purge(model)
        log.info("purged: %s", _outcome(purged))
        if not purged.is_complete:
            raise Rejection(503, "not-purged", "Not completely purged", purged.unreached)
        return JSONResponse(_document(purged))

    return router


def _scope_of(request: Request) -> str:
    given = request.query_params
    unknown = [name for name in given if name != "scope"]
    scopes = given.getlist("scope")
    if unknown or len(scopes) > 1 or not set(scopes) <= set(SCOPES):
        detail = f"expected scope={' or scope='.join(SCOPES)} or no query, got another one"
        raise Rejection(422, "invalid-request", "Invalid scope", detail)
    return scopes[0] if scopes else "model"


def _outcome(purged: Purged) -> str:
    """Return what was removed, and from how many processes, as text."""
    model = "all models" if purged.model is None else f"model {purged.model}"
    shared = "" if purged.l2_removed is None else f" and {purged.l2_removed} L2"
    return f"{model}, {purged.l1_removed} L1{shared} entries, {purged.confirmed} processes confirmed"


def _document(purged: Purged) -> dict[str, object]:
    return {
        "status": "purged",
        "model": purged.model,
        "entries": {"l1": purged.l1_removed, "l2": purged.l2_removed},
        "processes": {"confirmed": purged.confirmed, "silent": purged.silent},
    }


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "required": list(properties), "properties": properties}


_COUNT: Final = {"type": "integer", "minimum": 0}
_SCOPE: Final = {
    "name": "scope",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": list(SCOPES), "default": "model"},
}
_RESPONSES: Final[Mapping[str, dict[str, object]]] = {
    "200": {
        "description": "Redis and all known processes were purged.",
        "content": {
            "application/json": {
                "schema": _object(
                    status={"type": "string", "const": "purged"},
                    model={"type": ["string", "null"], "description": "null for all"},
                    entries=_object(
                        l1={**_COUNT, "description": "removed in all processes"},
                        l2={"type": ["integer", "null"], "description": "removed in Redis; null without it"},
                    ),
                    processes=_object(confirmed=_COUNT, silent=_COUNT),
                )
            }
        },
    },
    **problem_responses(
        {
            "403": "Forbidden.",
            "422": "The query is not a scope.",
            "503": "Not completely purged: Redis failed, or a process did not confirm in time.",
        }
    ),
}
