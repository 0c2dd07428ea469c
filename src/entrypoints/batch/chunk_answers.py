"""The answers to one chunk: rows on which the model fails are found, and keep none of the others back."""

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
from foreseen.entrypoints.batch.concurrent_calls import Company
from foreseen.entrypoints.batch.failures_in_a_row import IN_A_ROW, Failure, FailuresInARow
from foreseen.entrypoints.batch.on_error import OnError

HALVES: Final = 2
"""Parts in which rows are tried again where the model raised: to find one row among n takes 2 log2(n) calls."""
PARTS: Final = 32
"""Parts where its process ended: each such end costs a start, and to find one row among n takes log32(n) of them."""

AnswerBatch = Callable[[Batch], Awaitable[Predictions]]


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What becomes of rows on which the model fails.

    Attributes:
        on_error: of each of them.
        most_in_a_row: how many end the run where they follow one another.
        has_answered: whether the model is known to have answered a row before.
    """

    on_error: OnError = OnError.REJECT
    most_in_a_row: int = IN_A_ROW
    has_answered: bool = False


DEFAULT_POLICY: Final = FailurePolicy()


@dataclass(frozen=True, slots=True)
class Answered:
    """What the model made of the readable rows of a chunk, or of some of them.

    Attributes:
        predictions: of those that it answered, in order.
        failures: of the others, by their numbers in the chunk.
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

    Where a call fails its rows are tried again in parts: no answer depends on the rows beside it, so each is what it
    would have been without those that fail.
    """

    def __init__(
        self,
        answer: AnswerBatch,
        chunk: Chunk,
        batch: Batch,
        policy: FailurePolicy,
        company: Company,
        *,
        is_first: bool,
    ) -> None:
        """Accept the use case, and a chunk with its readable rows.

        Args:
            company: of all calls to the model.
            is_first: whether it is the first of its table, so that the model has answered no row before.
        """
        self._answer = answer
        self._chunk = chunk
        self._batch = batch
        self._policy = policy
        self._company = company
        self._in_a_row = FailuresInARow(policy.most_in_a_row, has_answered=policy.has_answered or not is_first)

    async def of(self, rows: range) -> Answered:
        """Return the answers to some of the rows.

        Raises:
            FailedRowError: the model failed on a row, and no row may fail.
            PredictionError: it fails on row after row.
            ModelUnavailableError: it cannot be called any more.
        """
        found = _Found()
        await self._try(rows, found)
        return Answered(joined_predictions(found.parts), found.failures)

    async def _try(self, rows: range, found: "_Found") -> None:
        try:
            async with self._company.beside_others():
                predictions = await self._answer(self._instances(rows))
        except ModelEndedError:  # perhaps for what was computed beside it
            await self._try_alone(rows, found)
        except (InvalidBatchError, PredictionError) as exc:
            await self._try_parts(rows, found, exc)
        else:
            self._add(predictions, found)

    async def _try_alone(self, rows: range, found: "_Found") -> None:
        try:
            async with self._company.alone():
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
    """What is known of some rows so far."""

    parts: list[Predictions] = field(default_factory=list)
    failures: dict[int, Failure] = field(default_factory=dict)
