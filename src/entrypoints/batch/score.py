"""Scoring: a table goes through the use case chunk by chunk, and every row of it comes out somewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.predict import Predict
from foreseen.domain.table import Chunk, Reject, RejectsWriter, TableReader, TableWriter


@dataclass(frozen=True, slots=True)
class Scored:
    """How a run went: rows scored, and rows rejected."""

    rows: int
    rejected: int


async def score(
    predict: Predict,
    reader: TableReader,
    writer: TableWriter,
    rejects_writer: RejectsWriter,
    *,
    progress: Callable[[Scored], None],
) -> Scored:
    """Read, predict and write until the table ends.

    Args:
        progress: told after each chunk how far the run has come.
    Raises:
        TableError: the table cannot be read to its end, or a result cannot be written.
        PredictionError: the model failed.
    """
    scored = Scored(0, 0)
    for chunk in reader:
        rows, refused = await _score_chunk(predict, chunk, writer)
        rejects = sorted([*chunk.rejects, *refused], key=lambda reject: reject.line)
        if rejects:
            rejects_writer.write(rejects)
        scored = Scored(scored.rows + rows, scored.rejected + len(rejects))
        progress(scored)
    return scored


async def _score_chunk(predict: Predict, chunk: Chunk, writer: TableWriter) -> tuple[int, Sequence[Reject]]:
    """Score the readable rows; one that the model refuses is found by halves, and keeps none of the others back."""
    if chunk.batch is None:
        return 0, ()
    try:
        answer = await predict(chunk.batch)
    except InvalidBatchError as exc:
        count = len(chunk.batch)
        if count == 1:
            return 0, [chunk.reject(0, str(exc))]
        first, first_refused = await _score_chunk(predict, chunk.take(range(count // 2)), writer)
        second, second_refused = await _score_chunk(predict, chunk.take(range(count // 2, count)), writer)
        return first + second, [*first_refused, *second_refused]
    writer.write(chunk, answer.bodies)
    return len(chunk.batch), ()
