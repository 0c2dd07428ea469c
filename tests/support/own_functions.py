"""Functions, transformers and models of a user's own, which say nothing of what they were fitted on."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


def as_text(frame: Any) -> Any:
    """Make a text of each value, as a frame does."""
    return frame.astype(str)


def as_text_array(frame: Any) -> Any:
    """Make a text of each value, as an array does."""
    return np.asarray(frame).astype(str)


def parts_of_dates(frame: Any) -> Any:
    """Take hours and months out of dates."""
    return pd.DataFrame(
        {f"{name}_{part}": getattr(frame[name].dt, part) for name in frame for part in ("hour", "month")}
    )


def with_area(frame: Any) -> Any:
    """Add a column that is made of two others."""
    return frame.assign(area=frame["width"] * frame["height"])


def into_classes(frame: Any) -> Any:
    """Make a class of each number."""
    return frame.apply(lambda column: pd.cut(column, [0, 15, 35, 50], labels=["low", "mid", "high"]).astype(object))


def doubled(frame: Any) -> Any:
    """Double every number: the dtype does not matter."""
    return frame * 2


class TextTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of a user's own that makes texts, in the usual form."""

    def fit(self, frame: Any, target: Any = None) -> "TextTransformer":
        """Learn nothing."""
        return self

    def transform(self, frame: Any) -> Any:
        """Make a text of each value."""
        return frame.astype(str)


class ByName:
    """A model that finds its columns by name."""

    def predict(self, frame: Any) -> Any:
        """Double one."""
        return frame["a"] * 2


class WordCounter:
    """A model that takes a list of texts."""

    def predict(self, texts: Any) -> list[int]:
        """Count the words of each."""
        return [len(text.split()) for text in texts]


class ByKey:
    """A model that takes a list of dicts."""

    def predict(self, rows: Any) -> list[float]:
        """Add two values up, the second of which may be absent."""
        return [row["a"] + row.get("b", 0) for row in rows]


class OutOfOrder:
    """A model that fails whatever it is given."""

    n_features_in_ = 2

    def predict(self, rows: Any) -> Any:
        """Fail."""
        raise RuntimeError("no graphics card")


class Weekday:
    """A model that tells digits of integers and of floats apart."""

    def predict(self, frame: Any) -> list[int]:
        """Count the characters of the first column's values."""
        return [len(str(value)) for value in frame["day"].tolist()]
