"""The model's answers as entries: what the cache keeps, and what callers are answered with."""

import time
from collections.abc import Callable

from foreseen.domain.counters import Tally
from foreseen.domain.errors import PredictionError
from foreseen.domain.identity.encoded_entries import entries_of
from foreseen.domain.identity.entry import Entry
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch


class ModelEntries:
    """Calls the model and encodes its answers, counted and timed."""

    def __init__(
        self,
        predictor: Predictor,
        *,
        tally: Tally,
        cost: ModelCost,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Accept the clock in seconds since 1970, and what measures the model's time in seconds."""
        self._predictor = predictor
        self._tally = tally
        self._cost = cost
        self._clock = clock
        self._stopwatch = stopwatch

    def by(self, predictor: Predictor) -> "ModelEntries":
        """Return the same around another predictor of the same model, counted and timed with this one."""
        return ModelEntries(predictor, tally=self._tally, cost=self._cost, clock=self._clock, stopwatch=self._stopwatch)

    def compute(self, batch: Batch) -> list[Entry]:
        """Return an entry for each instance, computed on the calling thread.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor.
        """
        start, called_at_us, rows = self._stopwatch(), int(self._clock() * 1e6), len(batch)
        answers = self._predictor.predict(batch).encode()
        seconds = self._stopwatch() - start
        if len(answers) != rows:
            raise PredictionError(f"expected {rows} predictions from the model, got {len(answers)}")
        self._tally.count_model_call(rows=rows, seconds=seconds)
        self._cost.count(rows=rows, seconds=seconds)
        cost_us = int(seconds * 1e6 / rows)
        return entries_of(answers, called_at_us, cost_us)
