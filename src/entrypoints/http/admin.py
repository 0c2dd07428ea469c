"""The routes under /admin/, which change what is served; who may ask is the access layer's to say."""

import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.problems import Refusal

Reload = Callable[[], Awaitable[tuple[str, str]]]
"""Loads the model anew, and gives the fingerprints before and after."""


def admin_router(reload: Reload) -> APIRouter:
    """Build the routes; they are no part of the public document."""
    router = APIRouter(prefix="/admin", include_in_schema=False)

    @router.post("/reload")
    async def reload_model() -> JSONResponse:
        supervisor = multiprocessing.parent_process()
        if supervisor is not None and supervisor.pid is not None:
            # Every worker has to reload; the supervisor passes the signal on to each.
            os.kill(supervisor.pid, signal.SIGHUP)
            return JSONResponse({"status": "told to all workers; the log says what became of it"}, status_code=202)
        try:
            before, after = await reload()
        except ForeseenError as exc:  # which the front has logged
            raise Refusal(503, "not-reloaded", "Not reloaded, the previous model goes on", str(exc)) from exc
        return JSONResponse({"status": "unchanged" if before == after else "reloaded", "fingerprint": after})

    return router
