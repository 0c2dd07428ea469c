"""Scoring: a table goes through the use case chunk by chunk, and every row of it comes out somewhere."""

from collections.abc import Callable

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.predict import Predict
from foreseen.domain.table import Chunk, Reject, Scored, Sink, TableEncoder, TableReader


async def score(
    predict: Predict,
    reader: TableReader,
    encoder: TableEncoder,
    sink: Sink,
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
    scored = sink.scored
    for number, chunk in enumerate(reader):
        if number < scored.chunks:
            continue
        parts, rejects = await _score_chunk(predict, chunk, encoder)
        rejects = sorted([*chunk.rejects, *rejects], key=lambda reject: reject.line)
        rows = sum(count for count, _ in parts)
        scored = Scored(scored.chunks + 1, scored.rows + rows, scored.rejected + len(rejects))
        sink.write(b"".join(data for _, data in parts), rejects, scored)
        progress(scored)
    return scored


async def _score_chunk(
    predict: Predict, chunk: Chunk, encoder: TableEncoder
) -> tuple[list[tuple[int, bytes]], list[Reject]]:
    """Score the readable rows; one that the model refuses is found by halves, and keeps none of the others back."""
    if chunk.batch is None:
        return [], []
    try:
        predictions = await predict.bulk(chunk.batch)
    except InvalidBatchError as exc:
        count = len(chunk.batch)
        if count == 1:
            return [], [chunk.reject(0, str(exc))]
        first, first_refused = await _score_chunk(predict, chunk.take(range(count // 2)), encoder)
        second, second_refused = await _score_chunk(predict, chunk.take(range(count // 2, count)), encoder)
        return [*first, *second], [*first_refused, *second_refused]
    return [(len(chunk.batch), encoder.encode(chunk, predictions))], []
