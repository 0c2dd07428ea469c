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
    """Return hours and months of dates."""
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


class Misspelt:
    """A model of texts whose code has a name that is not defined."""

    n_features_in_ = 1

    def predict(self, frame: Any) -> Any:
        """Fail, with texts otherwise than with numbers."""
        return frame.iloc[:, 0].str.upper() + sufix  # type: ignore[name-defined]  # noqa: F821


class Weekday:
    """A model that distinguishes digits of integers and of floats."""

    def predict(self, frame: Any) -> list[int]:
        """Count the characters of the first column's values."""
        return [len(str(value)) for value in frame["day"].tolist()]


def crossed(frame: Any) -> Any:
    """Make one text of two columns or more."""
    texts = frame.astype(str)
    return texts.iloc[:, 0].str.cat([texts.iloc[:, at] for at in range(1, texts.shape[1])], sep="_").to_frame("x")


def inverted(frame: Any) -> Any:
    """Invert bools, or the bits of integers."""
    return ~frame


def last_bits(frame: Any) -> Any:
    """Return the last bit of each value."""
    return frame & 1


def lengths(frame: Any) -> Any:
    """Count the characters of each value as text."""
    return frame.astype(str).map(len)


def remainders(frame: Any) -> Any:
    """Make a word of each number, in which the number is not found again."""
    return frame.map(lambda value: f"r{value % 97}")


def filled(frame: Any) -> Any:
    """Fill what is missing with a word."""
    return frame.fillna("missing")


def seconds(frame: Any) -> Any:
    """Return seconds of the integers of dates, which are nanoseconds to this code."""
    return frame.apply(lambda column: column.dt.floor("h").astype("int64") / 10**9)


def hours(frame: Any) -> Any:
    """Return the hours of dates."""
    return frame.apply(lambda column: column.dt.hour)


def hours_in_berlin(frame: Any) -> Any:
    """Return the hours that clocks in Berlin show."""
    return frame.apply(lambda column: column.dt.tz_convert("Europe/Berlin").dt.hour)


class Frequencies(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An encoder of a user's own: how often each value was there."""

    def fit(self, frame: Any, target: Any = None) -> "Frequencies":
        """Count the values of each column."""
        self.counts_ = {name: frame[name].value_counts(normalize=True).to_dict() for name in frame}
        return self

    def transform(self, frame: Any) -> Any:
        """Look the values of each column up."""
        return np.column_stack([frame[name].map(self.counts_[name]).fillna(0).to_numpy() for name in self.counts_])
