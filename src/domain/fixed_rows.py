"""Calls of a fixed number of rows, for models whose last bits depend on the batch a row is computed in."""

from collections.abc import Mapping

import numpy as np

from foreseen.domain.batch import Batch
from foreseen.domain.errors import PredictionError
from foreseen.domain.key import Fingerprint
from foreseen.domain.ports import Predictor
from foreseen.domain.predictions import Json, Predictions
from foreseen.domain.signature import Signature


class FixedRowsPredictor:
    """A Predictor around a Predictor that always calls it with the same number of rows.

    BLAS takes another path for 1 row than for 2, and for some odd sizes; with the size fixed, a row gives the same bits
    in any position beside any neighbours, so that the answer to an instance never depends on who else asked.
    """

    def __init__(self, inner: Predictor, rows: int) -> None:
        """Take the number of rows of each call, 1 or more."""
        self._inner = inner
        self.rows = rows

    @property
    def fingerprint(self) -> Fingerprint:
        """As the inner one."""
        return self._inner.fingerprint

    @property
    def signature(self) -> Signature:
        """As the inner one."""
        return self._inner.signature

    @property
    def outputs(self) -> tuple[str, ...]:
        """As the inner one."""
        return self._inner.outputs

    @property
    def versions(self) -> Mapping[str, str]:
        """As the inner one."""
        return self._inner.versions

    def predict(self, batch: Batch) -> Predictions:
        """Predict in chunks, the last filled up with copies of the batch's last instance.

        Raises:
            InvalidBatchError, PredictionError: as the inner one; also when its predictions are not one a row.
        """
        n = len(batch)
        outputs: dict[str, list[Json]] = {}
        for start in range(0, n, self.rows):
            rows = np.minimum(np.arange(start, start + self.rows), n - 1)
            predictions = self._inner.predict(batch.take(rows))
            if len(predictions) != self.rows:  # what is cut off below would hide it
                raise PredictionError(f"expected {self.rows} predictions from the model, got {len(predictions)}")
            for name, values in predictions.outputs.items():
                outputs.setdefault(name, []).extend(values[: n - start])
        return Predictions(dict(outputs))
