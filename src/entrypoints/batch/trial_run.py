"""Trial: the first rows of a table are scored, and nothing is written."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from foreseen.domain.bulk.bulk import BulkPredict
from foreseen.domain.tables.table import Chunk, Reject, Scored, TableEncoder, TableReader, Written
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.score_table import score

REJECTS_KEPT: Final = 10


class _Unwritten:
    """An encoder and a sink that keep the first answer and the first rejects, and write nothing."""

    has_to_be_sealed: Final = False

    def __init__(self, encoder: TableEncoder) -> None:
        self._encoder = encoder
        self.scored = Scored()
        self.rejects: list[Reject] = []
        self.answer: dict[str, Json] = {}

    def begin(self) -> bytes:
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Encode, since that may fail, but return nothing to write."""
        if not self.answer:
            self.answer = {name: answers[0] for name, answers in predictions.outputs.items()}
        self._encoder.encode(chunk, predictions)
        return b""

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        pass

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:  # noqa: ARG002
        self.scored = scored
        self.rejects += rejects[: REJECTS_KEPT - len(self.rejects)]


@dataclass(frozen=True, slots=True)
class Trial:
    """The results of the first rows of a table.

    Attributes:
        rejects: the first rejects, `REJECTS_KEPT` at most.
        answer: the first answer, by output.
        seconds: the time that reading and scoring took.
    """

    scored: Scored
    rejects: Sequence[Reject]
    answer: dict[str, Json]
    seconds: float

    @property
    def rows(self) -> int:
        """The number of rows, including those that cannot be scored."""
        return self.scored.rows + self.scored.rejected


async def try_rows(predict: BulkPredict, reader: TableReader, encoder: TableEncoder, *, at_once: int) -> Trial:
    """Score all rows of a reader, and write nothing.

    Raises:
        TableError, PredictionError: as `score` raises them.
    """
    began = time.perf_counter()
    sink = _Unwritten(encoder)
    scored = await score(predict, reader, sink, sink, progress=_unseen, at_once=at_once)
    return Trial(scored, sink.rejects, sink.answer, time.perf_counter() - began)


def _unseen(_: Scored) -> None:
    """Show no progress: a trial is short."""
