"""Warming: the rows of a table are predicted so that they are cached, and nothing is written."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

from foreseen.domain.bulk.bulk import BulkPredict
from foreseen.domain.tables.table import Chunk, Reject, Scored, TableReader, Written
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.score_table import score


class _Nothing:
    """An encoder and a sink that keep only the counts and the first reject."""

    has_to_be_sealed: Final = False

    def __init__(self) -> None:
        self.scored = Scored()
        self.first_reject: Reject | None = None

    def begin(self) -> bytes:
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:  # noqa: ARG002
        return b""

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        pass

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:  # noqa: ARG002
        self.scored = scored
        if rejects and self.first_reject is None:
            self.first_reject = rejects[0]


async def warm(
    predict: BulkPredict, reader: TableReader, *, progress: Callable[[Scored], None], at_once: int = 1
) -> tuple[Scored, Reject | None]:
    """Answer every row of a table, which puts the answers into the caches of `predict`.

    Returns:
        The number of rows answered, and the first row that could not be answered.
    Raises:
        TableError, PredictionError: as `score` raises them.
    """
    nothing = _Nothing()
    scored = await score(predict, reader, nothing, nothing, progress=progress, at_once=at_once)
    return scored, nothing.first_reject
