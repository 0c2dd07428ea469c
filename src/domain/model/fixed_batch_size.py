"""FixedSizePredictor: calls a model with fixed numbers of rows, as its ModelInfo says."""

from collections.abc import Iterator, Sequence
from typing import Final, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.call_size import ANY_SIZE, LARGE_ROWS, CallSize
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions, joined_predictions

_PREPARED_ROWS: Final = LARGE_ROWS[-1]
"""Approximate number of rows prepared at once: prepared rows may need much more memory."""

_LEAST_PREPARED: Final = 2
"""A single row has another memory layout, and may get other bits."""


class CallRows(Protocol):
    """Rows that a model can be called with: a batch, or a batch after its first steps."""

    def __len__(self) -> int: ...

    def take(self, rows: Sequence[int] | npt.NDArray[np.intp], /) -> Self:
        """Return the rows with these indices, in this order; an index may occur twice."""


Rows = TypeVar("Rows", bound=CallRows)


class ModelCaller(Protocol[Rows]):
    """A model that can be called with any number of rows; its answers are plain values."""

    @property
    def is_thread_safe(self) -> bool:
        """Whether several threads may call it at once."""

    def prepared(self, batch: Batch) -> Rows:
        """Return two or more rows after the steps that compute each by itself; raise as `predict`."""

    def predict(self, rows: Rows | Batch) -> Predictions:
        """Call the model once; raise InvalidBatchError or PredictionError."""


class FixedSizePredictor(Generic[Rows]):
    """A Predictor that calls a model with fixed numbers of rows.

    BLAS takes another path for 1 row than for 2, and for some odd sizes. With the size fixed, a row gives the same bits
    in any position and beside any other rows, so that an answer never depends on the rest of the batch.
    """

    def __init__(self, model: ModelCaller[Rows], info: ModelInfo) -> None:
        """Accept a model and the facts about it."""
        self._model = model
        self.info = info

    @property
    def is_thread_safe(self) -> bool:
        """As the model."""
        return self._model.is_thread_safe

    def predict(self, batch: Batch) -> Predictions:
        """Predict in calls of the right size, the last filled up with copies of the batch's last instance.

        Raises:
            InvalidBatchError, PredictionError: raised by the model; PredictionError also if it does not return one
                prediction per row.
        """
        return in_fixed_calls(self._model, self.info.call_size, batch)


def in_fixed_calls(model: ModelCaller[Rows], size: CallSize, batch: Batch) -> Predictions:
    """Predict a batch in calls of the given size; raise as `FixedSizePredictor.predict`."""
    if size == ANY_SIZE:
        return model.predict(batch)
    if size.fixed is None:
        return joined_predictions(list(_answers(model, size, batch, len(batch))))
    at_once = max(1, _PREPARED_ROWS // size.fixed) * size.fixed
    parts: list[Predictions] = []
    for start in range(0, len(batch), at_once):
        part = batch if len(batch) <= at_once else batch.take(range(start, min(start + at_once, len(batch))))
        rows = model.prepared(part if len(part) >= _LEAST_PREPARED else _filled(part, 0, _LEAST_PREPARED, len(part)))
        parts += _answers(model, size, rows, len(part))
    return joined_predictions(parts)


def _answers(model: ModelCaller[Rows], size: CallSize, rows: Rows | Batch, n: int) -> Iterator[Predictions]:
    """Call the model for the first n rows."""
    for start, count in size.calls(n):
        predictions = model.predict(_filled(rows, start, count, n))
        if len(predictions) != count:  # the cut below would hide it
            raise PredictionError(f"expected {count} predictions from the model, got {len(predictions)}")
        yield predictions if start + count <= n else predictions.first(n - start)


def _filled(rows: Rows, start: int, count: int, n: int) -> Rows:
    """Return `count` rows from `start` on, with copies of row n - 1 in place of those beyond it."""
    return rows.take(np.minimum(np.arange(start, start + count), n - 1))
