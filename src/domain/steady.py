"""Steady calls: for models whose last bits depend on the batch that a row is computed in."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np

from foreseen.domain.batch import Batch
from foreseen.domain.errors import PredictionError
from foreseen.domain.key import DIGEST_SIZE, Fingerprint
from foreseen.domain.ports import Predictor
from foreseen.domain.predictions import Json, Predictions
from foreseen.domain.signature import Signature


@dataclass(frozen=True, slots=True)
class CallSize:
    """How many rows a model is called with.

    Attributes:
        least: a batch of fewer is filled up to it.
        fixed: the number of rows of each call; None where any number from `least` on will do.
    """

    least: int = 1
    fixed: int | None = None

    def __str__(self) -> str:
        """Word it for an operator."""
        if self.fixed:
            return f"{self.fixed} row{'s' if self.fixed > 1 else ''} at a time, so that no bit depends on the batch"
        return "batches of any size" + (f", a lone row filled up to {self.least}" if self.least > 1 else "")


class PlainPredictor(Predictor, Protocol):
    """A Predictor in this process, whose answers are still plain values."""

    @property
    def is_thread_safe(self) -> bool:
        """Whether several threads may ask it at once."""

    def predict(self, batch: Batch) -> Predictions:
        """Predict as any Predictor."""


class SteadyPredictor:
    """A Predictor around a Predictor that calls it with steady numbers of rows.

    BLAS takes another path for 1 row than for 2, and for some odd sizes; with the size fixed, a row gives the same bits
    in any position beside any neighbours, so that the answer to an instance never depends on who else asked.
    """

    def __init__(self, inner: PlainPredictor, size: CallSize) -> None:
        self._inner = inner
        self.size = size

    @property
    def fingerprint(self) -> Fingerprint:
        """Tells apart the same model called otherwise: its last bits may differ."""
        sizes = struct.pack("<QQ", self.size.least, self.size.fixed or 0)
        digest = blake2b(self._inner.fingerprint + sizes, digest_size=DIGEST_SIZE, person=b"foreseen-steady")
        return Fingerprint(digest.digest())

    @property
    def signature(self) -> Signature:
        """As the inner one."""
        return self._inner.signature

    @property
    def outputs(self) -> tuple[str, ...]:
        """As the inner one."""
        return self._inner.outputs

    @property
    def is_thread_safe(self) -> bool:
        """As the inner one."""
        return self._inner.is_thread_safe

    @property
    def versions(self) -> Mapping[str, str]:
        """As the inner one."""
        return self._inner.versions

    def predict(self, batch: Batch) -> Predictions:
        """Predict in calls of the right size, the last filled up with copies of the batch's last instance.

        Raises:
            InvalidBatchError, PredictionError: as the inner one; also when its predictions are not one a row.
        """
        n = len(batch)
        rows = self.size.fixed or max(n, self.size.least)
        outputs: dict[str, list[Json]] = {}
        for start in range(0, n, rows):
            called = batch.take(np.minimum(np.arange(start, start + rows), n - 1))
            predictions = self._inner.predict(called)
            if len(predictions) != rows:  # what is cut off below would hide it
                raise PredictionError(f"expected {rows} predictions from the model, got {len(predictions)}")
            for name, values in predictions.outputs.items():
                outputs.setdefault(name, []).extend(values[: n - start])
        return Predictions(dict(outputs))
