"""The model's answers as entries: what the cache keeps, and what callers are answered with."""

import time
from collections.abc import Callable

from foreseen.domain.counters import Tally
from foreseen.domain.errors import PredictionError
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

    def compute(self, batch: Batch) -> list[Entry]:
        """Return an entry for each instance; runs on the model's thread.

        Raises:
            InvalidBatchError, PredictionError: as the predictor.
        """
        start, called_at_us, rows = self._stopwatch(), int(self._clock() * 1e6), len(batch)
        predictions = self._predictor.predict(batch)
        if len(predictions) != rows:
            raise PredictionError(f"expected {rows} predictions from the model, got {len(predictions)}")
        bodies, seconds = predictions.encode(), self._stopwatch() - start
        self._tally.count_model_call(rows=rows, seconds=seconds)
        self._cost.count(rows=rows, seconds=seconds)
        cost_us = int(seconds * 1e6 / rows)
        return [Entry(body, called_at_us, cost_us) for body in bodies]
