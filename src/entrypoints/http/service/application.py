"""The application: routes, pages and problem documents around one service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp

from foreseen.domain.counters import Tally
from foreseen.domain.errors import ForeseenError
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.counting.inference_statistics import InferenceStatistics, inference_statistics
from foreseen.entrypoints.http.counting.service_counts import ServiceCounts
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.middleware.access_keys import guarded
from foreseen.entrypoints.http.middleware.cross_origin import allowed_origins
from foreseen.entrypoints.http.middleware.middleware_stack import with_middleware
from foreseen.entrypoints.http.openapi.access_docs import with_access
from foreseen.entrypoints.http.openapi.docs_pages import add_docs
from foreseen.entrypoints.http.openapi.openapi_document import openapi
from foreseen.entrypoints.http.request_log.access_log import open_access_log
from foreseen.entrypoints.http.request_log.request_context import WithContext
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.requests.known_heads import STATE as KNOWN_HEADS
from foreseen.entrypoints.http.requests.known_heads import HeadsInUse
from foreseen.entrypoints.http.responses.allowed_methods import Methods
from foreseen.entrypoints.http.responses.problems import Rejection, problem
from foreseen.entrypoints.http.routes.admin_routes import Reload, admin_router
from foreseen.entrypoints.http.routes.kserve_v1_models import kserve_v1_models
from foreseen.entrypoints.http.routes.metrics_route import metrics_router
from foreseen.entrypoints.http.routes.mlflow_probes import mlflow_probes
from foreseen.entrypoints.http.routes.model_and_health import about_router
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness
from foreseen.entrypoints.http.routes.oip_models import oip_models
from foreseen.entrypoints.http.routes.oip_server import index_of_one, oip_server
from foreseen.entrypoints.http.routes.predict_routes import predict_router
from foreseen.entrypoints.http.routes.purge_route import purge_router
from foreseen.entrypoints.http.routes.start_page import home_router
from foreseen.entrypoints.http.service.hot_path import HotPath
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from foreseen.settings import Settings
from foreseen.wiring.engine_watch import watch_engine
from foreseen.wiring.instruments import instruments, shared_cache, tier_shares
from foreseen.wiring.predictors import unready
from foreseen.wiring.service import Service, opened, purge_of


def create_service(
    service: Service,
    counts: ServiceCounts | None = None,
    reload: Reload | None = None,
    bodies: BodyBudget | None = None,
    siblings: SlotProcesses | None = None,
    heads: HeadsInUse | None = None,
) -> ASGIApp:
    """Return the application around a service, behind the hot path and the middleware.

    Args:
        counts: the counts of this process and its siblings; None to create new ones.
        reload: reloads the model; None for no routes under /admin/.
        bodies: the memory budget of unfinished bodies in this process; None for a new one.
        siblings: the other workers of this service, by their slots; None if there are none.
        heads: the known heads by which the protocol answers hits; None if it answers none.
    """
    settings, tally = service.settings, service.caches.tally
    app = admin_guarded(create_app(service, counts, reload, bodies, siblings, heads), settings, tally)
    return behind_access(create_hot_path(app, service), settings, tally)


def create_hot_path(app: ASGIApp, service: Service) -> ASGIApp:
    """Return the hot path of a service in front of its application."""
    settings = service.settings
    return HotPath(
        app,
        service.predict,
        max_body=settings.max_body,
        max_rows=settings.max_rows,
        longest_s=settings.timeout,
        has_cache=settings.tiers.has_any,
        name=settings.model_name,
    )


def admin_guarded(app: ASGIApp, settings: Settings, tally: Tally) -> ASGIApp:
    """Return an application whose administration is restricted, if nothing else is.

    Predictions need not pass the access control then. With keys, `behind_access` guards all of it.
    """
    return app if settings.api_keys else guarded(app, settings, tally)


def behind_access(outer: ASGIApp, settings: Settings, tally: Tally) -> ASGIApp:
    """Return a service behind the rate limit, the keys and the middleware that the settings require."""
    if settings.rate_limit:
        from foreseen.entrypoints.http.middleware.rate_limit import RateLimit  # noqa: PLC0415 - rarely used, and slow to import

        outer = RateLimit(outer, tally, settings.rate_limit)
    if settings.api_keys:
        outer = guarded(outer, settings, tally)
    return with_middleware(outer, settings, tally)


def create_counts(service: Service, slots: Slots | None = None) -> ServiceCounts:
    """Return the counts of this process, which are added to those of others if they share slots."""
    return ServiceCounts(service.caches.tally, instruments(service), slots)


def create_bodies(service: Service) -> BodyBudget:
    """Return the memory budget of unfinished bodies in this process, which has room for one of the largest."""
    settings = service.settings
    return BodyBudget(max(settings.max_unfinished_bodies, settings.max_body))


@asynccontextmanager
async def kept_open(
    service: Service, counts: ServiceCounts, siblings: SlotProcesses | None = None
) -> AsyncIterator[None]:
    """Keep a service open for requests, and its counts up to date; the arguments are those of `create_service`."""
    async with counts.kept_up(), siblings.listening() if siblings else nullcontext(), opened(service):
        watch_engine(service, purge_of(service, siblings))
        yield


def create_app(
    service: Service,
    counts: ServiceCounts | None = None,
    reload: Reload | None = None,
    bodies: BodyBudget | None = None,
    siblings: SlotProcesses | None = None,
    heads: HeadsInUse | None = None,
    *,
    is_whole: bool = True,
) -> FastAPI:
    """Return the FastAPI application around a service, which opens its caches when it starts; see `create_service`.

    Args:
        is_whole: False for one of several models, whose pages, metrics and probes are those of all of them.
    """
    settings, predict = service.settings, service.predict
    counts = counts or create_counts(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with (
            kept_open(service, counts, siblings),
            open_access_log(settings, predict.tally) as access_log,
        ):
            # The state of every request, and of the protocol; it remains when the model is reloaded.
            yield {
                "tally": predict.tally,
                "origins": allowed_origins(settings.allowed_origins),
                "access_log": access_log,
                KNOWN_HEADS: heads,
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
    readiness = ModelReadiness(partial(unready, service.predictor, service.model_thread, settings))
    app.include_router(
        about_router(
            predict,
            settings,
            readiness,
            tier_shares(service.caches),
            shared_cache(service.caches),
            runs=lambda: service.model_runs,
            engine=lambda: service.model_engine,
        )
    )
    if is_whole:
        app.include_router(mlflow_probes(readiness))
    app.include_router(kserve_v1_models(settings.model_name, readiness))
    statistics = partial(_statistics, counts)
    app.include_router(oip_models(service.predictor.info, settings.model_name, readiness, statistics))
    if is_whole:
        app.include_router(oip_server(partial(index_of_one, settings.model_name, readiness), readiness))
        app.include_router(metrics_router(counts, build_info(predict, settings)))
        if reload is not None:
            app.include_router(admin_router(reload))
            app.include_router(purge_router(purge_of(service, siblings), settings.model_name))
        app.include_router(home_router(predict, settings))
        _add_pages(app, predict, settings)
    answer_errors_by_problems(app, predict.tally)
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(WithContext)
    return app


def _add_pages(app: FastAPI, predict: Predict, settings: Settings) -> None:
    add_docs(app)
    document = with_access(openapi(app, predict.predictor, settings.root_path), settings)
    # FastAPI's own method would make the document again when a route is added, without the model's part.
    app.openapi = lambda: document  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document() -> dict[str, object]:
        return document


def answer_errors_by_problems(app: FastAPI, tally: Tally) -> None:
    """Have an application answer every error by a problem document."""

    async def answer(request: Request, exc: Exception) -> Response:
        return problem(request, exc, tally)

    for error in (ForeseenError, Rejection, HTTPException, ClientDisconnect, Exception):
        app.add_exception_handler(error, answer)


def _statistics(counts: ServiceCounts) -> InferenceStatistics:
    return inference_statistics(counts.totals().tally)


def _description(predict: Predict, settings: Settings) -> str:
    predictor = predict.predictor
    return (
        f"Cached predictions of the model `{settings.model_name}`.\n\n"
        f"Fingerprint `{predictor.info.fingerprint.hex()}`, cache `{settings.tiers.name}`. "
        "The `Cache-Status` header of each answer says where it came from."
    )


def build_info(predict: Predict, settings: Settings) -> dict[str, str]:
    """Return the labels of foreseen_build_info."""
    return {
        "version": version("foreseen"),
        "model": settings.model_name,
        "fingerprint": predict.predictor.info.fingerprint.hex(),
        "cache": settings.tiers.name,
    }
