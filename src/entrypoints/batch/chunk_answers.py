"""The answers to one chunk: the rows on which the model fails are found, and all others are answered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.errors import (
    FailedRowError,
    InvalidBatchError,
    ModelEndedError,
    ModelUnavailableError,
    PredictionError,
)
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions, joined_predictions
from foreseen.entrypoints.batch.concurrent_calls import ConcurrentCalls
from foreseen.entrypoints.batch.failures_in_a_row import IN_A_ROW, Failure, FailuresInARow
from foreseen.entrypoints.batch.on_error import OnError

HALVES: Final = 2
"""Parts into which rows are divided after the model raised: finding one row among n takes 2 log2(n) calls."""
PARTS: Final = 32
"""Parts after its process ended: finding one row among n takes log32(n) ends, each of which costs a new start."""

AnswerBatch = Callable[[Batch], Awaitable[Predictions]]


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """How to treat rows on which the model fails.

    Attributes:
        on_error: whether such a row is rejected or ends the run.
        most_in_a_row: number of consecutive failed rows that ends the run.
        has_answered: whether the model is known to have answered a row before.
    """

    on_error: OnError = OnError.REJECT
    most_in_a_row: int = IN_A_ROW
    has_answered: bool = False


DEFAULT_POLICY: Final = FailurePolicy()


@dataclass(frozen=True, slots=True)
class Answered:
    """Predictions and failures for the readable rows of a chunk, or for some of them.

    Attributes:
        predictions: for the rows that the model answered, in order.
        failures: for the other rows, by their index in the chunk.
    """

    predictions: Predictions = field(default_factory=lambda: Predictions({}))
    failures: Mapping[int, Failure] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Sequence["Answered"]) -> "Answered":
        """Concatenate the answers to consecutive rows."""
        if len(parts) == 1:
            return parts[0]
        predictions = joined_predictions([part.predictions for part in parts])
        return cls(predictions, {row: failure for part in parts for row, failure in part.failures.items()})


class ChunkAnswers:
    """Answers the rows of one chunk, in order.

    After a call that failed, its rows are tried again in parts. No answer depends on the other rows of its call, so
    every answer is the same as if the failing rows were not there.
    """

    def __init__(
        self,
        answer: AnswerBatch,
        chunk: Chunk,
        batch: Batch,
        policy: FailurePolicy,
        calls: ConcurrentCalls,
        *,
        is_first: bool,
    ) -> None:
        """Accept the use case, and a chunk with its readable rows.

        Args:
            calls: decides which calls of the model run at the same time.
            is_first: whether it is the first chunk of its table, so that the model has answered no row before.
        """
        self._answer = answer
        self._chunk = chunk
        self._batch = batch
        self._policy = policy
        self._calls = calls
        self._in_a_row = FailuresInARow(policy.most_in_a_row, has_answered=policy.has_answered or not is_first)

    async def of(self, rows: range) -> Answered:
        """Return the answers to some of the rows.

        Raises:
            FailedRowError: the model failed on a row, and the policy is to stop.
            PredictionError: too many consecutive rows have failed.
            ModelUnavailableError: the model cannot be called any more.
        """
        found = _Found()
        await self._try(rows, found)
        return Answered(joined_predictions(found.parts), found.failures)

    async def _try(self, rows: range, found: "_Found") -> None:
        try:
            async with self._calls.beside_others():
                predictions = await self._answer(self._instances(rows))
        except ModelEndedError:  # perhaps because of a concurrent call
            await self._try_alone(rows, found)
        except (InvalidBatchError, PredictionError) as exc:
            await self._try_parts(rows, found, exc)
        else:
            self._add(predictions, found)

    async def _try_alone(self, rows: range, found: "_Found") -> None:
        try:
            async with self._calls.alone():
                predictions = await self._answer(self._instances(rows))
        except (InvalidBatchError, PredictionError) as exc:
            await self._try_parts(rows, found, exc)
        except ModelUnavailableError as exc:
            exc.add_note(f"it was given {self._chunk.place(rows[0])} to {int(self._chunk.lines[rows[-1]])}")
            raise
        else:
            self._add(predictions, found)

    async def _try_parts(self, rows: range, found: "_Found", exc: InvalidBatchError | PredictionError) -> None:
        if len(rows) == 1:
            self._fail(rows[0], found, exc)
            return
        has_ended = isinstance(exc, ModelEndedError)
        size = -(-len(rows) // (PARTS if has_ended else HALVES))
        for start in range(0, len(rows), size):
            await (self._try_alone if has_ended else self._try)(rows[start : start + size], found)

    def _add(self, predictions: Predictions, found: "_Found") -> None:
        found.parts.append(predictions)
        self._in_a_row.answered()

    def _fail(self, row: int, found: "_Found", exc: InvalidBatchError | PredictionError) -> None:
        place = self._chunk.place(row)
        reason = f"{exc} when it was given this row alone" if isinstance(exc, ModelEndedError) else str(exc)
        if self._policy.on_error is OnError.STOP:
            raise FailedRowError(f"{place}: {reason}") from exc
        found.failures[row] = Failure(place, reason, is_rejection=isinstance(exc, InvalidBatchError))
        self._in_a_row.failed(found.failures[row])

    def _instances(self, rows: range) -> Batch:
        return self._batch if len(rows) == len(self._batch) else self._batch.take(rows)


@dataclass(slots=True)
class _Found:
    """The answers and failures so far."""

    parts: list[Predictions] = field(default_factory=list)
    failures: dict[int, Failure] = field(default_factory=dict)
