"""Serving several models: loads them, and starts the processes of their service."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from starlette.types import ASGIApp

from foreseen.domain.counters import Numbers
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.fleet.fleet_application import LoadedFleet, create_fleet
from foreseen.entrypoints.http.middleware.access_keys import warn_of_open_access
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.server.tls_certificate import check_tls
from foreseen.entrypoints.http.start_serving import serve_application, started_worker, warm_up
from foreseen.entrypoints.startup_signals import Starting
from foreseen.process.garbage_collection import FOR_REQUESTS, resume_collections
from foreseen.settings import SettingsSource
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelVersion
from foreseen.wiring.fleet.model_kinds import planned_again
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, shared_l1, wire_service

Services = Mapping[ModelVersion, Service]


def serve_fleet(
    plan: FleetPlan,
    starting: Starting,
    *,
    source: SettingsSource,
    announce: Callable[[FleetPlan, Services, int], None],
) -> None:
    """Serve several models until a signal to stop.

    Args:
        source: where the settings came from; it is read again on a reload.
        starting: handles signals until the models are loaded.
        announce: called with the services and their port once that is open.
    Raises:
        ModelUnavailableError: a model cannot be loaded; the port is not opened then.
        PortError: the port cannot be opened.
        SettingsError: the certificate or its key cannot be used.
    """
    check_tls(plan.settings)
    warn_of_open_access(plan.settings)
    with ExitStack() as on_failure:
        loaded = load_fleet(plan, source, on_failure, while_loading=warm_up)
        app = create_fleet(loaded)
        slots_of = {(each.name, each.version): Slots() for each in plan.versions}
        serve_application(
            plan.settings,
            starting,
            app=app,
            app_of_worker=partial(_app_of_worker, plan, source, Slots(), slots_of),
            end_models=on_failure.close,
            announce=partial(announce, plan, loaded.services),
        )


def load_fleet(
    plan: FleetPlan,
    source: SettingsSource,
    on_failure: ExitStack,
    *,
    counts_of: Callable[[ModelVersion], Numbers | None] = lambda _: None,
    while_loading: Callable[[], None] = lambda: None,
) -> LoadedFleet:
    """Load all versions of all models, as many at a time as there are cores.

    Args:
        source: where the settings came from.
        on_failure: ends the models that have been loaded.
        counts_of: returns where a version counts; None for a row of its own.
        while_loading: called once the first models load in processes of their own.
    Raises:
        ModelUnavailableError: a model cannot be loaded; those that still load are abandoned.
    """
    to_load = list(plan.versions)
    loading: list[tuple[ModelVersion, ServedModel]] = []
    services: dict[ModelVersion, Service] = {}
    shared = shared_l1(plan.settings)
    at_a_time = len(os.sched_getaffinity(0))
    try:
        while to_load or loading:
            while to_load and len(loading) < at_a_time:
                loading.append((to_load[0], ServedModel(to_load.pop(0).settings)))
            if not services:
                while_loading()
            version, model = loading[0]
            predictor = model.loaded()
            loading.pop(0)
            on_failure.callback(end_model, predictor)
            settings = cache_what_repeats(version.settings, predictor.info.determinism)
            services[version] = wire_service(settings, predictor, counts=counts_of(version), shared_bytes=shared)
    except BaseException:
        for _, model in loading:
            model.abandon()
        raise
    return LoadedFleet(plan=plan, services=services, shared_bytes=shared, replan=partial(planned_again, source))


def _app_of_worker(
    plan: FleetPlan,
    source: SettingsSource,
    slots: Slots,
    slots_of: Mapping[tuple[str, str], Slots],
    reloads: ReloadRequests,
    names: Sequence[str],
) -> ASGIApp:
    starting = started_worker(plan.settings, names)
    with ExitStack() as on_failure:
        loaded = load_fleet(
            plan, source, on_failure, counts_of=lambda version: slots_of[version.name, version.version].claim()
        )
        on_failure.pop_all()
    app = create_fleet(loaded, slots=slots, slots_of=slots_of, reload_all=reloads.make)
    starting.end_as_before()
    resume_collections(FOR_REQUESTS)
    return app
