"""Models of classes of a user's own: no scikit-learn in them, so that what loads them does not wait for it."""

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np


class Doubler:
    """A class of the user's own: no scikit-learn in it, nothing said of what it takes."""

    def predict(self, rows: Any) -> Any:
        """Return twice the first value."""
        return np.asarray(rows, dtype=float)[:, 0] * 2


class Flowers:
    """Distinguishes irises by their petals, and starts at once: for tests that are not about the model."""

    n_features_in_ = 4
    classes_ = ("0", "1", "2")

    def predict(self, rows: Any) -> Any:
        """Go by the petal's length and width in cm."""
        length, width = np.asarray(rows, dtype=float)[:, 2:].T
        return np.where(length < 2.5, "0", np.where(width < 1.75, "1", "2"))


class Labeller:
    """A classifier of the user's own: its labels are all it says."""

    classes_ = ("no", "yes")

    def predict(self, rows: Any) -> Any:
        """Return yes for what is positive, as a list."""
        return ["yes" if row[0] > 0 else "no" for row in rows]

    def predict_proba(self, rows: Any) -> Any:
        """Be sure of it, as a list of rows."""
        return [[0.0, 1.0] if row[0] > 0 else [1.0, 0.0] for row in rows]


class Choosing:
    """A classifier of the user's own with labels of any type: the value of its only feature says which."""

    n_features_in_ = 1

    def __init__(self, *labels: Any) -> None:
        self.classes_ = labels

    def predict(self, rows: Any) -> Any:
        """Return the label with this number, as a list."""
        return [self.classes_[int(row[0]) % len(self.classes_)] for row in rows]

    def predict_proba(self, rows: Any) -> Any:
        """Be sure of it, as a list of rows."""
        count = len(self.classes_)
        return [[float(place == int(row[0]) % count) for place in range(count)] for row in rows]


class Counting(Labeller):
    """Labels each row by how many are beside it."""

    def predict(self, rows: Any) -> Any:
        """Count them."""
        return [f"beside {len(rows)}"] * len(rows)


class ImageSum:
    """A model of the user's own that takes images as they are, shape (n, height, width)."""

    def predict(self, images: Any) -> Any:
        """Sum up each."""
        assert images.ndim == 3
        return images.sum(axis=(1, 2))


class Answering:
    """Answers with whatever it was made with, or raises it; `{n}` rows are not looked at."""

    def __init__(self, answer: Any, **attributes: Any) -> None:
        self.answer = answer
        self.__dict__ |= attributes

    def predict(self, rows: Any) -> Any:
        """Answer."""
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def predict_proba(self, rows: Any) -> Any:
        """Answer the same."""
        return self.predict(rows)


class Telling:
    """Answers each row with one of the values it was made with: the one whose place is the row's first number."""

    def __init__(self, values: Any, **attributes: Any) -> None:
        self.values = values
        self.__dict__ |= attributes

    def predict(self, rows: Any) -> Any:
        """Look each up; of an array the answer is an array, of anything else a list."""
        places = np.asarray(rows, dtype=float)[:, 0].astype(int) % len(self.values)
        if isinstance(self.values, np.ndarray):
            return self.values[places]
        return self.values.iloc[places] if hasattr(self.values, "iloc") else [self.values[place] for place in places]

    def predict_proba(self, rows: Any) -> Any:
        """Look each up as well."""
        return self.predict(rows)


class Colour(Enum):
    """Answers of a user's own type."""

    RED = "red"
    BLUE = 3


class Random:
    """Answers otherwise each time."""

    def predict(self, rows: Any) -> Any:
        """Draw lots."""
        return np.random.default_rng().random(len(rows))


class Slow:
    """Takes its time for each row, and adds bits that depend on how many there are."""

    def __init__(self, row_s: float) -> None:
        self.row_s = row_s

    def predict(self, rows: Any) -> Any:
        """Sleep first."""
        time.sleep(self.row_s * len(rows))
        return np.asarray(rows)[:, 0] + len(rows) * 1e-12


class Rejecting:
    """Takes what is 100 or more and rejects the rest, the probe with it."""

    def predict(self, rows: Any) -> Any:
        """Reject as scikit-learn does."""
        if (np.asarray(rows) < 100).any():
            raise ValueError("below 100")
        return np.asarray(rows)[:, 0]


class Faulty:
    """Does what the first value says, of `FAULTS`; another value comes back as it is."""

    def predict(self, rows: Any) -> Any:
        """Look at the first value."""
        if fault := FAULTS.get(float(np.asarray(rows)[0, 0])):
            fault()
        return np.asarray(rows)[:, 0]


def _reject() -> None:
    raise ValueError("an unknown value")


def _fail() -> None:
    raise RuntimeError("out of order")


def _warn() -> None:
    warnings.warn("a warning of the model", UserWarning, stacklevel=1)
    logging.getLogger("own.model").error("an error of %s", "the model")


def _die_before_a_child_does() -> None:
    if os.fork() == 0:  # it holds open for a while what its parent had opened
        time.sleep(3)
    os._exit(9)


REJECT, FAIL, EXIT, DIE, WARN = 101.0, 102.0, 103.0, 104.0, 105.0
FAULTS: dict[float, Callable[[], object]] = {
    REJECT: _reject,
    FAIL: _fail,
    EXIT: sys.exit,
    DIE: _die_before_a_child_does,
    WARN: _warn,
}


class ReadOnlyJobs(Doubler):
    """A model whose n_jobs cannot be set."""

    @property
    def n_jobs(self) -> int:
        """Return four."""
        return 4


class RowCounter:
    """Takes whatever it is given: of a row it looks at nothing."""

    def predict(self, rows: Any) -> list[int]:
        """Return how many rows there are, for each."""
        return [len(rows)] * len(rows)


class Adder:
    """Adds its number to the only value: models of the same class that differ in what they answer."""

    n_features_in_ = 1
    feature_names_in_ = ("a",)

    def __init__(self, added: float) -> None:
        self.added = added

    def predict(self, rows: Any) -> Any:
        """Return the sums."""
        return np.asarray(rows, dtype=float)[:, 0] + self.added
