"""Assembly: the front of the service, and the building of the next service on a reload."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi.dependencies import models as known_to_fastapi
from starlette.types import ASGIApp

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.service_counts import ServiceCounts
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.requests.known_heads import HeadsInUse
from foreseen.entrypoints.http.routes.admin_routes import Reload
from foreseen.entrypoints.http.service.application import (
    create_app,
    create_bodies,
    create_counts,
    create_hot_path,
    create_service,
    kept_open,
)
from foreseen.entrypoints.http.service.current_service import Front, Served
from foreseen.entrypoints.http.service.known_hits import heads_in_use, known_heads
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from foreseen.settings import Settings
from foreseen.wiring.engine_watch import watch_engine
from foreseen.wiring.instruments import instruments
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, SharedBytes, purge_of, rewire, wire_service


@dataclass(frozen=True, slots=True)
class FrontParts:
    """A front, and what others show and use of it.

    Attributes:
        heads: the known heads of the current model.
        siblings: the other workers with this model; None if there are none.
    """

    front: Front
    counts: ServiceCounts
    heads: HeadsInUse
    siblings: SlotProcesses | None


def create_front(
    service: Service, slots: Slots | None = None, *, reload_all: Callable[[], None] | None = None
) -> Front:
    """Return the front, which serves the current model.

    Args:
        slots: the counts of all processes, of which the service counts in this process's slot; None for one process.
        reload_all: requests a reload in all processes, including this one; None for one process.
    """

    async def reload() -> tuple[str, str] | None:
        if reload_all is None:
            return await parts.front.reload()
        reload_all()
        return None

    parts = _parts(service, slots, partial(_whole_service, reload))
    return parts.front


def create_front_of_one(service: Service, slots: Slots | None, bodies: BodyBudget) -> FrontParts:
    """Return the front of one of several models, without what all of them share: middleware, signals and /admin/.

    Args:
        slots: the counts of this model in all processes; None for one process.
        bodies: the memory budget of unfinished bodies in this process.
    """
    return _parts(service, slots, _model_alone, bodies)


def _whole_service(
    reload: Reload,
    service: Service,
    counts: ServiceCounts,
    bodies: BodyBudget,
    siblings: SlotProcesses | None,
    heads: HeadsInUse | None = None,
) -> ASGIApp:
    return create_service(service, counts, reload, bodies, siblings, heads)


def _model_alone(
    service: Service,
    counts: ServiceCounts,
    bodies: BodyBudget,
    siblings: SlotProcesses | None,
    heads: HeadsInUse | None = None,
) -> ASGIApp:
    return create_hot_path(create_app(service, counts, None, bodies, siblings, heads, is_whole=False), service)


def wire_model(settings: Settings, predictor: Predictor, *, shared_bytes: SharedBytes) -> Service:
    """Wire one of several models that is loaded while others serve; end it if that fails.

    Args:
        shared_bytes: the bound of the L1 of all.
    Raises:
        PredictionError: the model fails.
    """
    try:
        _warm(predictor)
        known = cache_what_repeats(settings, predictor.info.determinism)
        return wire_service(known, predictor, shared_bytes=shared_bytes)
    except BaseException:
        end_model(predictor)
        raise


def _parts(
    service: Service, slots: Slots | None, create: Callable[..., ASGIApp], bodies: BodyBudget | None = None
) -> FrontParts:
    """Return a front whose applications are built by `create`."""
    counts, heads = create_counts(service, slots), heads_in_use(service)
    bodies = bodies or create_bodies(service)
    siblings = SlotProcesses(slots, service.caches.purge_here) if slots else None

    def build(model: ServedModel, previous: Service) -> Served:
        predictor = model.loaded()
        try:
            _warm(predictor)
            settings = cache_what_repeats(previous.settings, predictor.info.determinism)
            new = rewire(previous, settings, predictor)
            app = create(new, counts, bodies, siblings)
        except BaseException:
            end_model(predictor)
            raise
        return Served(new, app)

    def now_serves(new: Service) -> None:
        heads.current = known_heads(new)
        new.caches.judge_again()
        counts.show(instruments(new))
        watch_engine(new, purge_of(new, siblings))
        forget_routes()

    first = Served(service, create(service, counts, bodies, siblings, heads))
    front = Front(first, build, now_serves, partial(kept_open, service, counts, siblings))
    return FrontParts(front, counts, heads, siblings)


def forget_routes() -> None:
    """Clear FastAPI's caches of functions, which would keep the routes of a previous model, and so the model, alive."""
    for known in vars(known_to_fastapi).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()


def _warm(predictor: Predictor) -> None:
    """Call the model once before it serves, since the first call may be slow.

    Raises:
        PredictionError: the model fails.
    """
    signature = predictor.info.signature
    try:
        predictor.predict(
            Batch.of(signature, {feature.name: [feature.default_example()] for feature in signature.features})
        )
    except InvalidBatchError:  # the model may reject made-up values
        return
