"""The application: routes, pages and problem documents around one service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp

from foreseen.domain.counters import Tally
from foreseen.domain.errors import ForeseenError
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.counting.service_counts import Board
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.middleware.access_keys import guarded
from foreseen.entrypoints.http.middleware.cross_origin import allowed_origins
from foreseen.entrypoints.http.middleware.middleware_stack import behind_doors
from foreseen.entrypoints.http.openapi.access_docs import with_access
from foreseen.entrypoints.http.openapi.docs_pages import add_docs
from foreseen.entrypoints.http.openapi.openapi_document import openapi
from foreseen.entrypoints.http.request_log.access_log import open_access_log
from foreseen.entrypoints.http.request_log.request_context import WithContext
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.responses.allowed_methods import Methods
from foreseen.entrypoints.http.responses.problems import Rejection, problem
from foreseen.entrypoints.http.routes.admin_routes import Reload, admin_router
from foreseen.entrypoints.http.routes.metrics_route import metrics_router
from foreseen.entrypoints.http.routes.model_and_health import about_router
from foreseen.entrypoints.http.routes.predict_routes import predict_router
from foreseen.entrypoints.http.routes.purge_route import purge_router
from foreseen.entrypoints.http.routes.start_page import home_router
from foreseen.entrypoints.http.service.hot_path import HotPath
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from foreseen.settings import Settings
from foreseen.wiring.instruments import instruments, shared_cache
from foreseen.wiring.predictors import unready
from foreseen.wiring.service import Service, opened, purge_of


def create_service(
    service: Service,
    board: Board | None = None,
    reload: Reload | None = None,
    bodies: BodyBudget | None = None,
    siblings: SlotProcesses | None = None,
) -> ASGIApp:
    """Build what is served: the application behind the hot path.

    Args:
        board: what shows this process's counts beside those of others; one of its own without.
        reload: loads the model anew; None where that cannot be.
        bodies: the room of this process for bodies on their way; its own room without.
        siblings: the other workers of this service, by their slots; None where there are none.
    """
    settings, tally = service.settings, service.caches.tally
    app: ASGIApp = create_app(service, board, reload, bodies, siblings)
    if not settings.api_keys:  # what is guarded then is behind the hot path: hits need not pass it
        app = guarded(app, settings, tally)
    outer: ASGIApp = HotPath(
        app,
        service.predict,
        max_body=settings.max_body,
        max_rows=settings.max_rows,
        longest_s=settings.timeout,
        has_cache=settings.tiers.has_any,
    )
    if settings.rate_limit:
        from foreseen.entrypoints.http.middleware.rate_limit import RateLimit  # noqa: PLC0415 - few use it; its library is slow

        outer = RateLimit(outer, tally, settings.rate_limit)
    if settings.api_keys:
        outer = guarded(outer, settings, tally)
    return behind_doors(outer, settings, tally)


def create_board(service: Service, slots: Slots | None = None) -> Board:
    """Return the board of the counts of this process, or of all processes that share the slots."""
    return Board(service.caches.tally, instruments(service), slots)


def create_bodies(service: Service) -> BodyBudget:
    """Return the room of this process for bodies on their way: for one of the largest at least."""
    settings = service.settings
    return BodyBudget(max(settings.max_unfinished_bodies, settings.max_body))


def create_app(
    service: Service,
    board: Board | None = None,
    reload: Reload | None = None,
    bodies: BodyBudget | None = None,
    siblings: SlotProcesses | None = None,
) -> FastAPI:
    """Build the application; caches are opened when it starts."""
    settings, predict = service.settings, service.predict
    board = board or create_board(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            board.kept_up(),
            siblings.heard() if siblings else nullcontext(),
            opened(service),
            open_access_log(settings, predict.tally) as access_log,
        ):
            # For the protocol, which rejects what never gets here, and for every request, whichever model answers it.
            yield {
                "tally": predict.tally,
                "origins": allowed_origins(settings.allowed_origins),
                "access_log": access_log,
            }

    app = FastAPI(
        title=f"Foreseen: {settings.model_name}",
        description=_description(predict, settings),
        version=version("foreseen"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(predict_router(predict, settings, bodies or create_bodies(service)))
    is_unready = partial(unready, service.predictor, service.model_thread, settings)
    app.include_router(about_router(predict, settings, is_unready, shared_cache(service.caches)))
    app.include_router(metrics_router(board, _info(predict, settings)))
    if reload is not None:
        app.include_router(admin_router(reload))
        app.include_router(purge_router(purge_of(service, siblings), settings.model_name))
    app.include_router(home_router(predict, settings))
    add_docs(app)
    document = with_access(openapi(app, predict.predictor, settings.root_path), settings)
    # FastAPI's own method would make the document anew, without the model in it, once another route is added.
    app.openapi = lambda: document  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document() -> dict[str, Any]:
        return document

    _answer_errors_by_problems(app, predict.tally)
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(WithContext)
    return app


def _answer_errors_by_problems(app: FastAPI, tally: Tally) -> None:
    async def answer(request: Request, exc: Exception) -> Response:
        return problem(request, exc, tally)

    for error in (ForeseenError, Rejection, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(error, answer)


def _description(predict: Predict, settings: Settings) -> str:
    predictor = predict.predictor
    return (
        f"Cached predictions of the model `{settings.model_name}`.\n\n"
        f"Fingerprint `{predictor.info.fingerprint.hex()}`, cache `{settings.tiers.name}`. "
        "The `Cache-Status` header of each answer says where it came from."
    )


def _info(predict: Predict, settings: Settings) -> dict[str, str]:
    return {
        "version": version("foreseen"),
        "model": settings.model_name,
        "fingerprint": predict.predictor.info.fingerprint.hex(),
        "cache": settings.tiers.name,
    }
