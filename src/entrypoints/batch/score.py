"""Scoring: a table goes through the use case chunk by chunk, and every row of it comes out somewhere.

Reading, predicting and writing overlap. Each holds some chunks at most, so that memory is the same for any table.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.predict import Predict
from foreseen.domain.predictions import Predictions
from foreseen.domain.table import Chunk, Reject, Scored, Sink, TableEncoder, TableReader
from foreseen.entrypoints.batch.reading import read_ahead


@dataclass(frozen=True, slots=True)
class _Predicted:
    """What became of a chunk.

    Attributes:
        parts: its rows that were scored, with their predictions, in order.
        rejects: its other rows, in order.
    """

    parts: Sequence[tuple[Chunk, Predictions]] = ()
    rejects: Sequence[Reject] = field(default=())


async def score(
    predict: Predict,
    reader: TableReader,
    encoder: TableEncoder,
    sink: Sink,
    *,
    progress: Callable[[Scored], None],
    at_once: int = 1,
    should_stop: Callable[[], bool] = lambda: False,
) -> Scored:
    """Read, predict and write until the table ends, or it should stop.

    Args:
        progress: told after each chunk how far the run has come.
        at_once: chunks that are predicted side by side.
        should_stop: asked before each chunk; if so, those under way are written, and no more begun.
    Raises:
        TableError: the table cannot be read to its end, or a result cannot be written.
        PredictionError: the model failed.
    """
    scored = sink.scored
    # One more is on its way to be written, and one is read ahead.
    under_way: asyncio.Queue[asyncio.Future[_Predicted | None]] = asyncio.Queue(at_once)
    feeding = asyncio.create_task(_feed(predict, reader, under_way, should_stop, skip=scored.chunks), name="feeding")
    try:
        while (predicted := await (await under_way.get())) is not None:
            scored = Scored(
                scored.chunks + 1,
                scored.rows + sum(len(chunk.lines) for chunk, _ in predicted.parts),
                scored.rejected + len(predicted.rejects),
            )
            await asyncio.to_thread(_write, encoder, sink, predicted, scored)
            progress(scored)
    finally:
        await _end(feeding, under_way)
    return scored


async def _feed(
    predict: Predict,
    reader: TableReader,
    under_way: "asyncio.Queue[asyncio.Future[_Predicted | None]]",
    should_stop: Callable[[], bool],
    *,
    skip: int,
) -> None:
    """Begin on each chunk as soon as there is room, in the table's order; what ends the table stands in its place."""
    end: asyncio.Future[_Predicted | None] = asyncio.get_running_loop().create_future()
    try:
        async with aclosing(read_ahead(reader, skip=skip)) as chunks:
            async for chunk in chunks:
                if should_stop():
                    break
                begun: asyncio.Task[_Predicted | None] = asyncio.create_task(_predicted(predict, chunk), name="chunk")
                try:
                    await under_way.put(begun)
                except asyncio.CancelledError:  # the run has ended, and nobody else knows of this one
                    begun.cancel()
                    await asyncio.gather(begun, return_exceptions=True)
                    raise
        end.set_result(None)
    except Exception as exc:  # noqa: BLE001 - told where the rows before it are written
        end.set_exception(exc)
    await under_way.put(end)


async def _end(feeding: "asyncio.Task[None]", under_way: "asyncio.Queue[asyncio.Future[_Predicted | None]]") -> None:
    """Leave nothing under way, however the run ended."""
    feeding.cancel()
    left: list[asyncio.Future[_Predicted | None]] = []
    while not under_way.empty():
        left.append(under_way.get_nowait())
        left[-1].cancel()
    await asyncio.gather(feeding, *left, return_exceptions=True)


async def _predicted(predict: Predict, chunk: Chunk) -> _Predicted:
    """Score the readable rows; one that the model refuses is found by halves, and keeps none of the others back."""
    parts, refused = await _scored(predict, chunk)
    return _Predicted(parts, sorted([*chunk.rejects, *refused], key=lambda reject: reject.line))


async def _scored(predict: Predict, chunk: Chunk) -> tuple[list[tuple[Chunk, Predictions]], list[Reject]]:
    if chunk.batch is None:
        return [], []
    try:
        return [(chunk, await predict.bulk(chunk.batch))], []
    except InvalidBatchError as exc:
        count = len(chunk.batch)
        if count == 1:
            return [], [chunk.reject(0, str(exc))]
        first, first_refused = await _scored(predict, chunk.take(range(count // 2)))
        second, second_refused = await _scored(predict, chunk.take(range(count // 2, count)))
        return [*first, *second], [*first_refused, *second_refused]


def _write(encoder: TableEncoder, sink: Sink, predicted: _Predicted, scored: Scored) -> None:
    rows = b"".join(encoder.encode(chunk, predictions) for chunk, predictions in predicted.parts)
    sink.write(rows, predicted.rejects, scored)
