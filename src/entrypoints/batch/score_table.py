"""Scoring: a table is predicted chunk by chunk, and each of its rows ends up as a result or as a reject.

Reading, predicting and writing overlap. Each holds a few chunks at most, so memory does not grow with the table.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from foreseen.domain.bulk.bulk import BulkPredict
from foreseen.domain.tables.table import Chunk, Piece, PieceKeeper, Scored, Sink, TableEncoder, TableReader
from foreseen.entrypoints.batch.chunk_answers import DEFAULT_POLICY, ChunkAnswers, FailurePolicy
from foreseen.entrypoints.batch.chunk_pieces import ChunkPieces
from foreseen.entrypoints.batch.concurrent_calls import ConcurrentCalls
from foreseen.entrypoints.batch.failures_in_a_row import FailuresInARow
from foreseen.entrypoints.batch.pace import Pacing, WholeChunks
from foreseen.entrypoints.batch.predicted_chunk import Predicted
from foreseen.entrypoints.batch.reading_ahead import read_ahead
from foreseen.entrypoints.batch.run_progress import RunProgress

_UnderWay = asyncio.Queue[asyncio.Future[Predicted | None]]
"""Chunks that are being predicted, in order; None is the end of the table, or of the run."""


async def score(
    predict: BulkPredict,
    reader: TableReader,
    encoder: TableEncoder,
    sink: Sink,
    *,
    progress: Callable[[Scored], None],
    at_once: int = 1,
    should_stop: Callable[[], bool] = lambda: False,
    policy: FailurePolicy = DEFAULT_POLICY,
    pace: Pacing | None = None,
    keeper: PieceKeeper | None = None,
) -> Scored:
    """Read, predict and write until the table ends, or until `should_stop` returns true.

    Args:
        progress: called with the rows scored so far after each chunk, and after each piece of a slow one.
        at_once: chunks that are predicted concurrently.
        should_stop: called before each chunk and piece; once it returns true, those in progress are finished and no
            more are begun.
        policy: how to treat rows on which the model fails.
        pace: where pieces end; None for whole chunks.
        keeper: keeps pieces for another run; None to keep none.
    Returns:
        The rows written.
    Raises:
        TableError: the table cannot be read to its end, or a result cannot be written.
        FailedRowError: the model failed on a row, and the policy is to stop.
        PredictionError: too many consecutive rows have failed.
        ModelUnavailableError: the model cannot be called any more.
    """
    scored = sink.scored
    shown = RunProgress(progress, scored)
    writer = _Writer(encoder, sink, keeper, shown)
    pieces = ChunkPieces(
        pace or WholeChunks(), keeper.pieces if keeper else (), note=writer.note, should_stop=should_stop
    )
    # Besides these, one chunk is being written and one is read ahead.
    under_way: _UnderWay = asyncio.Queue(at_once)
    feed = _Feed(predict, policy, pieces, should_stop)
    feeding = asyncio.create_task(feed(reader, under_way, skip=scored.chunks), name="feeding")
    in_a_row = FailuresInARow(policy.most_in_a_row, has_answered=policy.has_answered or bool(scored.rows))
    try:
        while (predicted := await (await under_way.get())) is not None:
            _count_failures(predicted, in_a_row)
            scored = await writer.write(predicted, scored)
            shown.reach(scored)
    finally:
        await _end(feeding, under_way)
    return scored


class _Feed:
    """Begins on each chunk as soon as there is room, in the table's order."""

    def __init__(
        self, predict: BulkPredict, policy: FailurePolicy, pieces: ChunkPieces, should_stop: Callable[[], bool]
    ) -> None:
        self._predict = predict
        self._policy = policy
        self._pieces = pieces
        self._should_stop = should_stop
        self._calls = ConcurrentCalls()

    async def __call__(self, reader: TableReader, under_way: _UnderWay, *, skip: int) -> None:
        """Put the chunks into the queue, and last None or the error that ended the table."""
        end: asyncio.Future[Predicted | None] = asyncio.get_running_loop().create_future()
        try:
            number = skip
            async with aclosing(read_ahead(reader, skip=skip)) as chunks:
                async for chunk in chunks:
                    if self._should_stop():
                        break
                    await self._begin(chunk, number, under_way)
                    number += 1
            end.set_result(None)
        except Exception as exc:  # noqa: BLE001 - raised once the rows before it are written
            end.set_exception(exc)
        await under_way.put(end)

    async def _begin(self, chunk: Chunk, number: int, under_way: _UnderWay) -> None:
        begun: asyncio.Task[Predicted | None] = asyncio.create_task(self._predicted(chunk, number), name="chunk")
        try:
            await under_way.put(begun)
        except asyncio.CancelledError:  # the run has ended, and this task is not in its queue
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
            raise

    async def _predicted(self, chunk: Chunk, number: int) -> Predicted | None:
        if chunk.batch is None:
            return Predicted(chunk)
        answers = ChunkAnswers(
            self._predict.answer, chunk, chunk.batch, self._policy, self._calls, is_first=number == 0
        )
        answered = await self._pieces.answered(answers, chunk, number, len(chunk.batch))
        return None if answered is None else Predicted(chunk, answered)


class _Writer:
    """Writes chunks and keeps pieces, one after the other, beside the event loop."""

    def __init__(self, encoder: TableEncoder, sink: Sink, keeper: PieceKeeper | None, shown: RunProgress) -> None:
        self._encoder = encoder
        self._sink = sink
        self._keeper = keeper
        self._shown = shown
        self._in_turn = asyncio.Lock()

    async def write(self, predicted: Predicted, before: Scored) -> Scored:
        """Write a chunk, and return the number of rows scored so far, this chunk included."""
        async with self._in_turn:
            return await asyncio.to_thread(self._write, predicted, before)

    async def note(self, piece: Piece) -> None:
        """Keep a piece if there is a keeper, and show its rows as progress."""
        if self._keeper is not None:
            async with self._in_turn:
                await asyncio.to_thread(self._keeper.note, piece)
        self._shown.add(piece)

    def _write(self, predicted: Predicted, before: Scored) -> Scored:
        """Write a chunk in one call, so that its bytes do not depend on how its rows were answered."""
        scored, rejects = predicted.scored, predicted.rejects
        rows = self._encoder.encode(*scored) if scored else b""
        count = len(scored[0].lines) if scored else 0
        now = Scored(before.chunks + 1, before.rows + count, before.rejected + len(rejects))
        self._sink.write(rows, rejects, now)
        return now


async def _end(feeding: "asyncio.Task[None]", under_way: _UnderWay) -> None:
    """Cancel everything that is still in progress."""
    feeding.cancel()
    left: list[asyncio.Future[Predicted | None]] = []
    while not under_way.empty():
        left.append(under_way.get_nowait())
        left[-1].cancel()
    await asyncio.gather(feeding, *left, return_exceptions=True)


def _count_failures(predicted: Predicted, in_a_row: FailuresInARow) -> None:
    """Count failures in the table's order, which is not the order in which chunks are predicted."""
    failures = predicted.answered.failures
    if not failures and predicted.chunk.batch is not None:
        in_a_row.answered()
        return
    for row in range(len(predicted.chunk.batch or ())):
        if failure := failures.get(row):
            in_a_row.failed(failure)
        else:
            in_a_row.answered()
