"""SteadyPredictor: calls a model with steady numbers of rows, as its ModelInfo says."""

from typing import Protocol

import numpy as np

from foreseen.domain.batch import Batch
from foreseen.domain.call_size import ANY_SIZE, CallSize
from foreseen.domain.errors import PredictionError
from foreseen.domain.large_calls import LARGE_ROWS, LargeCalls
from foreseen.domain.model_info import ModelInfo
from foreseen.domain.predictions import Json, Predictions, joined_predictions


class ModelCaller(Protocol):
    """A model that can be called with any number of rows; its answers are plain values."""

    @property
    def is_thread_safe(self) -> bool:
        """Whether several threads may call it at once."""

    def predict(self, batch: Batch) -> Predictions:
        """Call the model once; raise InvalidBatchError or PredictionError."""


class SteadyPredictor:
    """A Predictor that calls a model with steady numbers of rows.

    BLAS takes another path for 1 row than for 2, and for some odd sizes; with the size fixed, a row gives the same bits
    in any position beside any neighbours, so that the answer to an instance never depends on the rest of the batch.
    """

    def __init__(self, model: ModelCaller, info: ModelInfo, large: LargeCalls | None = None) -> None:
        """Take a model and what is known of it.

        Args:
            large: compares calls of LARGE_ROWS, which take the place of small ones where no bit differs; None for
                calls of the size that was chosen, and no other.
        """
        self._model = model
        self.info = info
        self._large = large

    @property
    def is_thread_safe(self) -> bool:
        """As the model."""
        return self._model.is_thread_safe

    def predict(self, batch: Batch) -> Predictions:
        """Predict in calls of the right size, the last filled up with copies of the batch's last instance.

        Raises:
            InvalidBatchError, PredictionError: as the model; also when its predictions are not one a row.
        """
        if self._large is None or len(batch) < LARGE_ROWS:
            return in_steady_calls(self._model, self.info.call_size, batch)
        starts = range(0, len(batch), LARGE_ROWS)
        blocks = [batch.take(range(start, min(start + LARGE_ROWS, len(batch)))) for start in starts]
        return joined_predictions([self._block(block, self._large) for block in blocks])

    def _block(self, block: Batch, large: LargeCalls) -> Predictions:
        is_whole = len(block) == LARGE_ROWS
        if is_whole and large.are_equal:
            return in_steady_calls(self._model, CallSize(fixed=LARGE_ROWS), block)
        predictions = in_steady_calls(self._model, self.info.call_size, block)
        if is_whole and large.is_open:
            large.compare(block)
        return predictions


def in_steady_calls(model: ModelCaller, size: CallSize, batch: Batch) -> Predictions:
    """Predict a batch in calls of the given size; raise as `SteadyPredictor.predict`."""
    if size == ANY_SIZE:
        return model.predict(batch)
    n = len(batch)
    rows = size.fixed or max(n, size.least)
    outputs: dict[str, list[Json]] = {}
    for start in range(0, n, rows):
        called = batch.take(np.minimum(np.arange(start, start + rows), n - 1))
        predictions = model.predict(called)
        if len(predictions) != rows:  # what is cut off below would hide it
            raise PredictionError(f"expected {rows} predictions from the model, got {len(predictions)}")
        for name, values in predictions.outputs.items():
            outputs.setdefault(name, []).extend(values[: n - start])
    return Predictions(dict(outputs))
