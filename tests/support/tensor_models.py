"""Models that are given tensors by name."""

from typing import Any

import numpy as np


class Recorder:
    """Takes tensors by name, and remembers the last ones."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def predict(self, given: dict[str, Any]) -> Any:
        self.given = given
        if not isinstance(given, dict):
            raise TypeError(type(given).__name__)
        return np.arange(len(next(iter(given.values()))), dtype=float)
