"""Assembly: the front of the service, and the building of the next service on a reload."""

from collections.abc import Callable

from fastapi.dependencies import models as known_to_fastapi

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.service.application import create_bodies, create_counts, create_service
from foreseen.entrypoints.http.service.current_service import Front, Served
from foreseen.entrypoints.http.service.known_hits import heads_in_use, known_heads
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from foreseen.wiring.engine_watch import watch_engine
from foreseen.wiring.instruments import instruments
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, purge_of, rewire


def create_front(
    service: Service, slots: Slots | None = None, *, reload_all: Callable[[], None] | None = None
) -> Front:
    """Return the front, which serves the current model.

    Args:
        slots: the counts of all processes, of which the service counts in this process's slot; None for one process.
        reload_all: requests a reload in all processes, including this one; None for one process.
    """
    counts, bodies, heads = create_counts(service, slots), create_bodies(service), heads_in_use(service)
    siblings = SlotProcesses(slots, service.caches.purge_here) if slots else None

    def build(model: ServedModel, previous: Service) -> Served:
        predictor = model.loaded()
        try:
            _warm(predictor)
            settings = cache_what_repeats(previous.settings, predictor.info.determinism)
            new = rewire(previous, settings, predictor)
            app = create_service(new, counts, reload, bodies, siblings)
        except BaseException:
            end_model(predictor)
            raise
        return Served(new, app)

    async def reload() -> tuple[str, str] | None:
        if reload_all is None:
            return await front.reload()
        reload_all()
        return None

    def now_serves(new: Service) -> None:
        heads.current = known_heads(new)
        new.caches.judge_again()
        counts.show(instruments(new))
        watch_engine(new, purge_of(new, siblings))
        forget_routes()

    first = Served(service, create_service(service, counts, reload, bodies, siblings, heads))
    front = Front(first, build, now_serves)
    return front


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
