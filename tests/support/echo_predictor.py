"""EchoPredictor: a model that answers with the very values that it was given."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature
from support.fakes import FakePredictor


class EchoPredictor(FakePredictor):
    """Answers with each value of an instance, to its last bit."""

    def predict(self, batch: Batch) -> Predictions:
        """Show each row."""
        self.calls.append(len(batch))
        columns = [
            [held(feature, value) for value in column]
            for feature, column in zip(batch.signature.features, batch.columns, strict=True)
        ]
        return Predictions({"prediction": [echo(row) for row in zip(*columns, strict=True)]})


def echo(values: Sequence[Any]) -> str:
    """Return the answer to an instance."""
    return " ".join(map(_shown, values))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + echo(value) + "]"
    return value.hex() if isinstance(value, float) else ascii(value)


def held(feature: Feature, value: Any) -> Any:
    """Return a value of a column as Python has it: None where it is missing, a tuple for a tensor."""
    if isinstance(value, np.ndarray):
        return tuple(held(feature, part) for part in value)
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else int(value.astype(np.int64))
    if value is None or value != value:
        return None
    if feature.is_integral:
        return bool(value) if feature.dtype == "bool" else int(value)
    return value if isinstance(value, str) else float(value)
