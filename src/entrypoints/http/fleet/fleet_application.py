"""The application of several models: what they share, around the front of each."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.counting.service_counts import ServiceCounts
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_admin import fleet_admin_router
from foreseen.entrypoints.http.fleet.fleet_changes import FleetChanges
from foreseen.entrypoints.http.fleet.fleet_lifetime import FleetLifetime
from foreseen.entrypoints.http.fleet.fleet_map import FleetMap, FleetModel, Member
from foreseen.entrypoints.http.fleet.fleet_metrics import fleet_metrics_router
from foreseen.entrypoints.http.fleet.fleet_pages import add_fleet_pages
from foreseen.entrypoints.http.fleet.fleet_probes import fleet_probes
from foreseen.entrypoints.http.fleet.fleet_routes import fleet_router, unserved_router
from foreseen.entrypoints.http.middleware.cross_origin import allowed_origins
from foreseen.entrypoints.http.request_log.access_log import open_access_log
from foreseen.entrypoints.http.request_log.request_context import WithContext
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.requests.known_heads import STATE as KNOWN_HEADS
from foreseen.entrypoints.http.responses.allowed_methods import Methods
from foreseen.entrypoints.http.service.application import admin_guarded, answer_errors_by_problems, behind_access
from foreseen.entrypoints.http.service.assembly import create_front_of_one, wire_model
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelVersion
from foreseen.wiring.instruments import Instruments
from foreseen.wiring.predictors import ServedModel
from foreseen.wiring.service import Service, SharedBytes

_NO_INSTRUMENTS: Final = Instruments({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFleet:
    """What is served, loaded.

    Attributes:
        services: the service of each version.
        shared_bytes: the bound of the L1 of all.
        replan: reads the settings file and the folder again.
    """

    plan: FleetPlan
    services: Mapping[ModelVersion, Service]
    shared_bytes: SharedBytes
    replan: Callable[[], FleetPlan]


def create_fleet(
    loaded: LoadedFleet,
    *,
    slots: Slots | None = None,
    slots_of: Mapping[tuple[str, str], Slots] | None = None,
    reload_all: Callable[[], None] | None = None,
) -> ASGIApp:
    """Return the application of several models.

    Args:
        slots: the counts of requests for no model, of all processes; None for one process.
        slots_of: the counts of each model and version, of all processes; None for one process.
        reload_all: requests a reload in all processes, including this one; None for one process.
    """
    plan, settings = loaded.plan, loaded.plan.settings
    # `build` lives as long as the application, and must not keep the first services alive once they have ended.
    shared_bytes = loaded.shared_bytes
    bodies = BodyBudget(max(settings.max_unfinished_bodies, *(each.settings.max_body for each in plan.versions)))

    def member(each: ModelVersion) -> Member:
        own = None if slots_of is None else slots_of[each.name, each.version]
        return Member(each, create_front_of_one(loaded.services[each], own, bodies))

    def build(version: ModelVersion, model: ServedModel) -> Member:
        """Build a member that is loaded later; without slots, which workers share from their start only."""
        service = wire_model(version.settings, model.loaded(), shared_bytes=shared_bytes)
        return Member(version, create_front_of_one(service, None, bodies))

    models = {
        model.name: FleetModel(
            model.name,
            {version: member(each) for version, each in model.versions.items()},
            model.default,
            model.aliases,
            model.default_alias,
        )
        for model in plan.models.values()
    }
    fleet = Fleet(FleetMap(models, plan.default_model), root_path=settings.root_path)
    tally = Tally(None if slots is None else slots.claim())
    counts = ServiceCounts(tally, _NO_INSTRUMENTS, slots)
    lifetime = FleetLifetime(fleet, settings, build)
    changes = FleetChanges(fleet, lifetime, loaded.replan)
    lifetime.reload = changes.reconfigure

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with counts.kept_up(), lifetime.kept_open(), open_access_log(settings, tally) as access_log:
            yield {
                "tally": tally,
                "origins": allowed_origins(settings.allowed_origins),
                "access_log": access_log,
                KNOWN_HEADS: fleet.heads,
            }

    app = FastAPI(
        title="Foreseen",
        description=_description(list(plan.models)),
        version=version("foreseen"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (
        fleet_router(fleet),
        fleet_probes(fleet),
        fleet_metrics_router(fleet, counts),
        fleet_admin_router(changes, reload_all),
    ):
        app.include_router(router)
    add_fleet_pages(app, fleet, settings)
    app.include_router(unserved_router(fleet))
    answer_errors_by_problems(app, tally)
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(WithContext)
    fleet.others = admin_guarded(app, settings, tally)
    return behind_access(fleet, settings, tally)


def _description(names: Sequence[str]) -> str:
    return f"Cached predictions of the models {', '.join(names)}."
