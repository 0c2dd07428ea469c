"""Model calls for batches of thousands: in parallel if the model allows it, timed and counted."""

import asyncio
import time
from itertools import pairwise
from typing import Final

from foreseen.domain.counters import Tally
from foreseen.domain.errors import PredictionError
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions, decoded, joined_predictions

LEAST_ROWS: Final = 32
"""Rows of a call below which a batch is not divided among threads."""


class ModelCalls:
    """Calls the model for plain values, off the event loop."""

    def __init__(self, predictor: Predictor, model_thread: ModelThread, *, tally: Tally, cost: ModelCost) -> None:
        self._predictor = predictor
        self._model_thread = model_thread
        self._tally = tally
        self._cost = cost

    async def whole(self, batch: Batch) -> Predictions:
        """Answer a batch by one call.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor.
        """
        predictions, seconds = await self._model_thread.run(lambda: self._timed(batch))
        self._tally.count_model_call(rows=len(batch), seconds=seconds)
        self._cost.count(rows=len(batch), seconds=seconds)
        return predictions

    async def divided(self, batch: Batch) -> Predictions:
        """Answer a batch by as many parallel calls as allowed; an error of one is raised when all have ended."""
        calls = max(1, min(self._model_thread.at_once, len(batch) // LEAST_ROWS))
        if calls == 1:
            return await self.whole(batch)
        bounds = [len(batch) * number // calls for number in range(calls + 1)]
        parts = [batch.take(range(start, end)) for start, end in pairwise(bounds)]
        answers = await asyncio.gather(*map(self.whole, parts), return_exceptions=True)
        return joined_predictions([_or_raised(answer) for answer in answers])

    def _timed(self, batch: Batch) -> tuple[Predictions, float]:
        """Call the model, on one of its threads; return the answers and the seconds."""
        start = time.perf_counter()
        predictions = self._predictor.predict(batch)
        if len(predictions) != len(batch):
            raise PredictionError(f"expected {len(batch)} predictions from the model, got {len(predictions)}")
        if isinstance(predictions, EncodedPredictions):
            predictions = decoded(predictions)
        predictions.check()
        return predictions, time.perf_counter() - start


def _or_raised(answer: Predictions | BaseException) -> Predictions:
    if isinstance(answer, BaseException):
        raise answer
    return answer
