"""Pieces of chunks: after each piece of a slow chunk progress is shown, answers are kept, and the run may stop."""

from collections.abc import Awaitable, Callable, Sequence

from foreseen.domain.tables.table import Chunk, Piece
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.chunk_answers import Answered, ChunkAnswers
from foreseen.entrypoints.batch.failures_in_a_row import Failure
from foreseen.entrypoints.batch.pace import Pacing

Note = Callable[[Piece], Awaitable[None]]


class ChunkPieces:
    """Answers chunks piece by piece; the results of a chunk do not depend on how it was divided."""

    def __init__(self, pace: Pacing, kept: Sequence[Piece], *, note: Note, should_stop: Callable[[], bool]) -> None:
        """Accept what decides where pieces end, and the pieces that an earlier run has kept.

        Args:
            note: called after each piece of a chunk except the last.
            should_stop: called after `note`; if it returns true, the rest of the chunk is left to another run.
        """
        self._pace = pace
        self._kept = kept
        self._note = note
        self._should_stop = should_stop

    async def answered(self, answers: ChunkAnswers, chunk: Chunk, number: int, count: int) -> Answered | None:
        """Return the answers to all readable rows of a chunk; None if the run stopped before its end.

        Args:
            number: index of the chunk in its table, from 0.
            count: number of its readable rows.
        Raises:
            FailedRowError, PredictionError, ModelUnavailableError: as `ChunkAnswers.of`.
            TableError: a piece cannot be kept.
        """
        parts, start = self._left_of(chunk, number)
        while start < count:
            rows = range(start, self._pace.end(start, count))
            learn = self._pace.begin()
            parts.append(await answers.of(rows))
            learn(len(rows))
            start = rows.stop
            if start < count:
                await self._note(_piece(number, rows, parts[-1]))
                if self._should_stop():
                    return None
        return Answered.joined(parts)

    def _left_of(self, chunk: Chunk, number: int) -> tuple[list[Answered], int]:
        """Return the answers of a chunk that an earlier run kept, and the first row without one."""
        parts, start = list[Answered](), 0
        for piece in self._kept:
            if piece.chunk == number and piece.start == start:
                failures = {
                    row: Failure(chunk.place(row), reason, is_rejection=is_rejection)
                    for row, (reason, is_rejection) in piece.failed.items()
                }
                parts.append(Answered(Predictions(dict(piece.outputs)), failures))
                start = piece.end
        return parts, start


def _piece(number: int, rows: range, answered: Answered) -> Piece:
    failed = {row: (failure.reason, failure.is_rejection) for row, failure in answered.failures.items()}
    return Piece(number, rows.start, rows.stop, answered.predictions.outputs, failed)
