"""Models of a user's own that take half a second a call, each in another way."""

import time
from typing import Any

import numpy as np

CALL_S = 0.5


class Sleeping:
    """Waits, as for an answer from elsewhere: the interpreter is free meanwhile."""

    def predict(self, rows: Any) -> Any:
        """Wait."""
        time.sleep(CALL_S)
        return np.asarray(rows, dtype=float)[:, 0]


class Multiplying:
    """Computes in numpy on large matrices: the interpreter is free most of the time, a core is not."""

    def __init__(self) -> None:
        self.matrix = np.random.default_rng(0).random((256, 256))

    def predict(self, rows: Any) -> Any:
        """Multiply until the time is over."""
        deadline = time.perf_counter() + CALL_S
        while time.perf_counter() < deadline:
            np.exp(self.matrix @ self.matrix / 256)
        return np.asarray(rows, dtype=float)[:, 0]


class Looping:
    """Computes in Python itself: the interpreter is never free unless it is asked to be."""

    def predict(self, rows: Any) -> Any:
        """Count until the time is over."""
        deadline = time.perf_counter() + CALL_S
        total = 0
        while time.perf_counter() < deadline:
            for number in range(1000):
                total += number & 3
        return np.asarray(rows, dtype=float)[:, 0]
