"""Models as the field saves them: trained in a moment, saved with joblib; and classes of a user's own."""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from foreseen.domain.batch import Batch
from foreseen.domain.ports import Predictor
from foreseen.domain.signature import Signature

IRIS_NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def save(model: Any, folder: Path, name: str = "model.joblib") -> Path:
    """Save a model where only its owner may write."""
    path = folder / name
    joblib.dump(model, path)
    path.chmod(0o600)
    return path


def pickled_by_hand(path: Path, module: str) -> Path:
    """Save a model of a module that is not imported here, of the class that the file is named for."""
    path.write_bytes(f"c{module}\n{path.stem}\n)\x81.".encode("latin-1"))
    path.chmod(0o600)
    return path


def iris_frame() -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Give iris with named columns, and its int labels."""
    data, target = load_iris(return_X_y=True)
    return pd.DataFrame(data, columns=IRIS_NAMES), target


def iris_forest(n_estimators: int = 10) -> RandomForestClassifier:
    """Train a forest on a DataFrame, all threads asked for."""
    data, target = iris_frame()
    return RandomForestClassifier(n_estimators=n_estimators, random_state=0, n_jobs=2).fit(data, target)


def iris_logistic() -> LogisticRegression:
    """Train a model whose last bits depend on the batch, on a plain array."""
    data, target = load_iris(return_X_y=True)
    return LogisticRegression(max_iter=1000).fit(data, target)


def digits_forest() -> RandomForestClassifier:
    """Train a forest on 8 x 8 images, flat."""
    data, target = load_digits(return_X_y=True)
    return RandomForestClassifier(n_estimators=10, random_state=0).fit(data[:400], target[:400])


def mixed_pipeline() -> Any:
    """Train a pipeline over string and number columns, a missing number filled in."""
    frame = pd.DataFrame(
        {
            "colour": ["red", "green", "blue", "red", "green", "blue"] * 5,
            "weight": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0] * 5,
            "height": np.arange(30.0),
        }
    )
    target = ["light" if colour == "red" else "heavy" for colour in frame["colour"]]
    columns = ColumnTransformer(
        [
            ("colours", OneHotEncoder(handle_unknown="error"), ["colour"]),
            ("weights", make_pipeline(SimpleImputer(), StandardScaler()), ["weight"]),
            ("heights", StandardScaler(), ["height"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(frame, target)


def batch_of(signature: Signature, table: Any) -> Batch:
    """Hold the columns of a matrix or a frame, by position; a missing string is None."""
    frame = pd.DataFrame(table)
    columns = {}
    for place, feature in enumerate(signature.features):
        column = frame.iloc[:, place]
        is_string = feature.dtype == "string"
        columns[feature.name] = [None if pd.isna(v) else v for v in column] if is_string else column.to_numpy()
    return Batch.of(signature, columns)


def answers(predictor: Predictor, table: Any) -> list[Any]:
    """Predict the rows of a matrix or a frame, and read the JSON that clients receive."""
    return [json.loads(body) for body in predictor.predict(batch_of(predictor.signature, table)).encode()]


class Doubler:
    """A class of the user's own: no scikit-learn in it, nothing said of what it takes."""

    def predict(self, rows: Any) -> Any:
        """Give twice the first value."""
        return np.asarray(rows, dtype=float)[:, 0] * 2


class Labeller:
    """A classifier of the user's own: its labels are all it says."""

    classes_ = ("no", "yes")

    def predict(self, rows: Any) -> Any:
        """Say yes to what is positive, as a list."""
        return ["yes" if row[0] > 0 else "no" for row in rows]

    def predict_proba(self, rows: Any) -> Any:
        """Be sure of it, as a list of rows."""
        return [[0.0, 1.0] if row[0] > 0 else [1.0, 0.0] for row in rows]


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
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def predict_proba(self, rows: Any) -> Any:
        """Answer the same."""
        return self.predict(rows)


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


class Sleeper:
    """Takes a number, and the seconds that it is to take; gives twice the number, after that time."""

    REFUSED = 13

    def predict(self, rows: Any) -> Any:
        """Sleep as long as any of them wants."""
        numbers, seconds = np.asarray(rows, dtype=float).T
        time.sleep(seconds.max())
        if self.REFUSED in numbers:
            raise ValueError("not this number")
        return numbers * 2


class Refusing:
    """Takes what is 100 or more and refuses the rest, the probe with it."""

    def predict(self, rows: Any) -> Any:
        """Refuse as scikit-learn does."""
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


def _refuse() -> None:
    raise ValueError("a value that nobody knows")


def _fail() -> None:
    raise RuntimeError("out of order")


def _warn() -> None:
    warnings.warn("a warning of the model", UserWarning, stacklevel=1)
    logging.getLogger("own.model").error("an error of %s", "the model")


def _die_before_a_child_does() -> None:
    if os.fork() == 0:  # it holds open for a while what its parent had opened
        time.sleep(3)
    os._exit(9)


REFUSE, FAIL, EXIT, DIE, WARN, DAWDLE = 101.0, 102.0, 103.0, 104.0, 105.0, 106.0
FAULTS: dict[float, Callable[[], object]] = {
    REFUSE: _refuse,
    FAIL: _fail,
    EXIT: sys.exit,
    DIE: _die_before_a_child_does,
    WARN: _warn,
    DAWDLE: lambda: time.sleep(30),
}


class OwnEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator of the user's own that keeps what it learned under a name without the underscore."""

    def fit(self, rows: Any, target: Any) -> "OwnEstimator":
        """Learn the mean."""
        self.mean = float(np.mean(target))
        return self

    def predict(self, rows: Any) -> Any:
        """Give the mean."""
        return np.full(len(rows), self.mean)


class OwnPredictor(BaseEstimator):  # type: ignore[misc]
    """An estimator without fit: there is nothing to learn."""

    def predict(self, rows: Any) -> Any:
        """Give the first value."""
        return np.asarray(rows)[:, 0]


class ReadOnlyJobs(Doubler):
    """A model whose n_jobs cannot be set."""

    @property
    def n_jobs(self) -> int:
        """Say four."""
        return 4
