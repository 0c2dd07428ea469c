"""Assembly: the front around a container's service, and how the next service is built beside it."""

from foreseen.container import Container, end_process, instruments, renewed
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.entrypoints.caching import cache_what_repeats
from foreseen.entrypoints.http.app import create_board, create_service
from foreseen.entrypoints.http.front import Front, Service
from foreseen.entrypoints.http.slots import Slots


def create_front(container: Container, slots: Slots | None = None) -> Front:
    """Build what is served.

    Args:
        slots: where this process counts beside others, with the container's counts in its own.
    Raises:
        ModelUnavailableError: the model cannot be had.
    """
    board = create_board(container, slots)

    def build(old: Container) -> Service:
        new = renewed(old)
        try:
            _warm(new.predictor())
            cache_what_repeats(new)
            app = create_service(new, board, reload)
        except BaseException:
            end_process(new.predictor())
            raise
        board.show(instruments(new))
        return Service(new, app)

    async def reload() -> tuple[str, str]:
        return await front.reload()

    front = Front(Service(container, create_service(container, board, reload)), build)
    return front


def _warm(predictor: Predictor) -> None:
    """Ask for an answer before anybody waits for one.

    Raises:
        PredictionError: the model fails.
    """
    signature = predictor.signature
    try:
        predictor.predict(
            Batch.of(signature, {feature.name: [feature.default_example()] for feature in signature.features})
        )
    except InvalidBatchError:  # the values are made up: it may know better
        return
