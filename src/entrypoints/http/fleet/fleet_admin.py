"""The routes under /admin/ of a service of several models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.fleet.fleet_changes import FleetChanges, Outcomes, conflict
from foreseen.entrypoints.http.fleet.fleet_map import MODELS
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.responses.problems import Rejection

_RESPONSES: Final = problem_responses(
    {
        "403": "Forbidden.",
        "404": "There is no model or version of this name; the detail lists them.",
        "409": "Refused, since something refers to the version, or there are several workers.",
        "503": "Not reloaded; what was served before is still served.",
    }
)
_MODEL: Final = f"{MODELS}/{{name}}"
_VERSION: Final = f"{_MODEL}/versions/{{version}}"


def fleet_admin_router(changes: FleetChanges, reload_all: Callable[[], None] | None) -> APIRouter:
    """Return the routes POST /admin/reload, and those of single models, versions and aliases.

    Args:
        reload_all: requests a reload in all processes, including this one; None for one process.
    """
    router = APIRouter(
        prefix="/admin",
        tags=["admin"],
        default_response_class=JSONResponse,
        responses={int(status): reply for status, reply in _RESPONSES.items()},
    )

    def require_one_process() -> None:
        if reload_all is not None:
            detail = "expected one worker; with several, change the settings file or the folder, and POST /admin/reload"
            raise conflict(detail)

    @router.post("/reload", summary="Read the settings file and the folder again, and reload all models")
    async def reload_all_models() -> JSONResponse:
        """Serve what the settings file and the folder say now; a model that fails goes on as it was."""
        if reload_all is not None:
            reload_all()
            return JSONResponse({"status": "passed on to all workers; the log has the outcome"}, status_code=202)
        with _failures_named():
            return _reply(await changes.reconfigure())

    @router.post(f"{_MODEL}/reload", summary="Reload a model")
    async def reload_model(name: str) -> JSONResponse:
        require_one_process()
        return _reply(await changes.reload(name, None))

    @router.post(f"{_VERSION}/reload", summary="Reload a version")
    async def reload_version(name: str, version: str) -> JSONResponse:
        require_one_process()
        return _reply(await changes.reload(name, version))

    @router.post(f"{_MODEL}/load", summary="Load a model of the folder or the settings file")
    async def load_model(name: str) -> JSONResponse:
        require_one_process()
        with _failures_named():
            return _reply(await changes.load(name, None))

    @router.post(f"{_VERSION}/load", summary="Load a version, whether it is chosen to be served or not")
    async def load_version(name: str, version: str) -> JSONResponse:
        require_one_process()
        with _failures_named():
            return _reply(await changes.load(name, version))

    @router.post(f"{_MODEL}/unload", summary="End a model")
    async def unload_model(name: str) -> JSONResponse:
        require_one_process()
        return _reply(await changes.unload(name, None))

    @router.post(f"{_VERSION}/unload", summary="End a version")
    async def unload_version(name: str, version: str) -> JSONResponse:
        require_one_process()
        return _reply(await changes.unload(name, version))

    @router.put(f"{_MODEL}/aliases/{{alias}}", summary="Let an alias mean another version")
    async def set_alias(name: str, alias: str, request: Request) -> JSONResponse:
        """Accept `{"version": "7"}`; the version must be loaded. Nothing is loaded or ended."""
        require_one_process()
        wanted = _version_in(await request.body())
        with _failures_named():
            version = await changes.set_alias(name, alias, wanted)
        return JSONResponse({"name": name, "alias": alias, "version": version})

    return router


def _version_in(body: bytes) -> str:
    """Return the version that a body names; raise Rejection (422) for any other body."""
    try:
        found = msgspec.json.decode(body, type=dict[str, str])
    except msgspec.DecodeError:
        found = {}
    if found.keys() != {"version"}:
        raise Rejection(422, "invalid-request", "Invalid body", 'expected {"version": "7"}, got another body')
    return found["version"]


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except ForeseenError as exc:  # nothing was changed
        raise Rejection(503, "not-reloaded", "Not reloaded; the previous models still serve", str(exc)) from exc


def _reply(outcomes: Outcomes) -> JSONResponse:
    """Return what became of each version; raise Rejection (503) if any failed."""
    failed = [f"{place}: {why}" for place, why in outcomes.items() if isinstance(why, ForeseenError)]
    if failed:
        raise Rejection(503, "not-reloaded", "Not all models were reloaded", "; ".join(failed))
    return JSONResponse(outcomes)
