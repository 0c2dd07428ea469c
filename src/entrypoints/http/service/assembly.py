"""Assembly: the front around a service, and how the next service is built beside it."""

from collections.abc import Callable

from fastapi.dependencies import models as known_to_fastapi

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.service.application import create_board, create_bodies, create_service
from foreseen.entrypoints.http.service.current_service import Front, Served
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from foreseen.wiring.instruments import instruments
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, rewire


def create_front(
    service: Service, slots: Slots | None = None, *, reload_all: Callable[[], None] | None = None
) -> Front:
    """Build what is served.

    Args:
        slots: where this process counts beside others, with the counts of the service in its own.
        reload_all: requests a reload in all processes, this one too; None where this is the only one.
    """
    board, bodies = create_board(service, slots), create_bodies(service)
    siblings = SlotProcesses(slots, service.caches.purge_here) if slots else None

    def build(model: ServedModel, previous: Service) -> Served:
        predictor = model.loaded()
        try:
            _warm(predictor)
            settings = cache_what_repeats(previous.settings, predictor.info.determinism)
            new = rewire(previous, settings, predictor)
            app = create_service(new, board, reload, bodies, siblings)
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
        board.show(instruments(new))
        forget_routes()

    first = Served(service, create_service(service, board, reload, bodies, siblings))
    front = Front(first, build, now_serves)
    return front


def forget_routes() -> None:
    """Have FastAPI forget what it knows of functions: it keeps thousands, and by ours all that is around each model."""
    for known in vars(known_to_fastapi).values():
        if hasattr(known, "cache_clear"):
            known.cache_clear()


def _warm(predictor: Predictor) -> None:
    """Ask for an answer before anybody waits for one.

    Raises:
        PredictionError: the model fails.
    """
    signature = predictor.info.signature
    try:
        predictor.predict(
            Batch.of(signature, {feature.name: [feature.default_example()] for feature in signature.features})
        )
    except InvalidBatchError:  # the values are made up: it may know better
        return
