"""Models as the field saves them: trained in a moment, saved with joblib; and estimators of a user's own."""

import json
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

from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature

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
    """Return iris with named columns, and its int labels."""
    data, target = load_iris(return_X_y=True)
    return pd.DataFrame(data, columns=IRIS_NAMES), target


def iris_forest(n_estimators: int = 10) -> RandomForestClassifier:
    """Train a forest on a DataFrame, with all threads."""
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
    return [json.loads(body) for body in predictor.predict(batch_of(predictor.info.signature, table)).encode().bodies]


class OwnEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator of the user's own that keeps what it learned under a name without the underscore."""

    def fit(self, rows: Any, target: Any) -> "OwnEstimator":
        """Learn the mean."""
        self.mean = float(np.mean(target))
        return self

    def predict(self, rows: Any) -> Any:
        """Return the mean."""
        return np.full(len(rows), self.mean)


class OwnPredictor(BaseEstimator):  # type: ignore[misc]
    """An estimator without fit: there is nothing to learn."""

    def predict(self, rows: Any) -> Any:
        """Return the first value."""
        return np.asarray(rows)[:, 0]
