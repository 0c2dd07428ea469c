"""Tracing: one column followed into a fitted scikit-learn model, to the part that tells what it holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, Pipeline

from foreseen.adapters.predictor.scikit_learn.column_facts import ColumnFacts
from foreseen.adapters.predictor.scikit_learn.tags import allows_missing

_TEXT = (CountVectorizer, HashingVectorizer)  # TfidfVectorizer is a CountVectorizer
_HIST = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_PARALLEL = (
    MultiOutputClassifier,
    MultiOutputRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
_WRAPPED = ("best_estimator_", "estimator_", "regressor_")
"""Where a search, a threshold or a transformed target keeps the one estimator that it is around."""


def traced(model: Any, index: int, name: str | None) -> ColumnFacts:
    """Tell what one input column is, by its number and, where the model knows names, its name."""
    return _facts(model, _Column(index, name))


@dataclass(frozen=True, slots=True)
class _Column:
    """One column as the estimator at hand counts it: by number, and by name where it has names."""

    index: int
    name: str | None


def _facts(estimator: Any, column: _Column) -> ColumnFacts:
    """Follow one column into the estimator until a part tells what it is."""
    if isinstance(estimator, Pipeline):
        return _through(estimator.steps, column)
    if isinstance(estimator, ColumnTransformer):
        return _routed(estimator, column)
    if isinstance(estimator, _HIST):
        return _of_hist(estimator, column)
    if members := _members(estimator):
        return _joined([_facts(member, column) for member in members])
    return _plain(estimator, column)


def _members(estimator: Any) -> list[Any]:
    """Give the fitted estimators that an estimator hands its columns to as they are."""
    if isinstance(estimator, FeatureUnion):
        return [part for _, part in estimator.transformer_list if not isinstance(part, str)]
    if isinstance(estimator, CalibratedClassifierCV):
        return [calibrated.estimator for calibrated in estimator.calibrated_classifiers_]
    if isinstance(estimator, _PARALLEL):
        return [member for member in estimator.estimators_ if not isinstance(member, str)]
    return [getattr(estimator, name) for name in _WRAPPED if hasattr(estimator, name)][:1]


def _through(steps: Sequence[tuple[str, Any]], column: _Column) -> ColumnFacts:
    """Follow a column through steps in a row: a scaler lets a missing value pass on to the next."""
    facts = ColumnFacts()
    for _, step in steps:
        if step is None or step == "passthrough":
            continue
        facts = _facts(step, column)
        if facts != ColumnFacts() or not _lets_missing_pass(step):
            return facts
    return facts


def _lets_missing_pass(step: Any) -> bool:
    is_scaler = hasattr(step, "transform") and not isinstance(step, ColumnTransformer | FeatureUnion)
    return is_scaler and allows_missing(step)


def _routed(transformer: ColumnTransformer, column: _Column) -> ColumnFacts:
    found = []
    # What a bagging keeps as its template was never fitted.
    for _, part, chosen in getattr(transformer, "transformers_", ()):
        place = _place(chosen, column, transformer)
        if place is not None and not isinstance(part, str):
            found.append(_facts(part, place))
    return _joined(found)


def _place(chosen: Any, column: _Column, transformer: ColumnTransformer) -> _Column | None:
    """Say where a column stands among those that a part was given; None when it was not given it."""
    if isinstance(chosen, slice):
        chosen = list(range(int(transformer.n_features_in_)))[chosen]
    one = np.ndim(chosen) == 0
    picked = [chosen] if one else list(chosen)
    if picked and isinstance(picked[0], bool | np.bool_):
        picked = [index for index, is_picked in enumerate(picked) if is_picked]
    for place, pick in enumerate(picked):
        if pick in (column.name, column.index) or (isinstance(pick, int | np.integer) and int(pick) == column.index):
            return _Column(place, column.name)
    return None


def _joined(found: Sequence[ColumnFacts]) -> ColumnFacts:
    """Join what several parts say of one column: all of them have to take a missing value."""
    if not found:
        return ColumnFacts()
    examples = [facts.example for facts in found if facts.example is not None]
    return ColumnFacts(
        is_string=any(facts.is_string for facts in found),
        takes_missing=all(facts.takes_missing for facts in found),
        example=examples[0] if examples else None,
        missing_is_none=any(facts.missing_is_none for facts in found),
    )


def _of_hist(estimator: Any, column: _Column) -> ColumnFacts:
    """Read gradient boosting on histograms: it takes anything missing, and encodes string categories itself."""
    encoder = getattr(estimator, "_preprocessor", None)
    facts = ColumnFacts() if encoder is None else _routed(encoder, column)
    return replace(facts, takes_missing=True)


def _plain(estimator: Any, column: _Column) -> ColumnFacts:
    if isinstance(estimator, _TEXT):
        return ColumnFacts(is_string=True)
    for read in _READERS:
        facts = read(estimator, column.index)
        if facts is not None:
            return facts
    return ColumnFacts()


def _of_encoder(estimator: Any, index: int) -> ColumnFacts | None:
    """Read an encoder's categories: what it was fitted on, a missing value among it or not."""
    categories = getattr(estimator, "categories_", None)
    if categories is None or index >= len(categories):
        return None
    known = list(np.asarray(categories[index]))
    present = [value for value in known if not _is_missing(value)]
    is_string = any(isinstance(value, str) for value in present)
    example = present[0] if present else None
    return ColumnFacts(
        is_string,
        takes_missing=len(present) < len(known),
        example=example if is_string or example is None else float(example),
        missing_is_none=any(value is None for value in known),
    )


def _of_imputer(estimator: Any, index: int) -> ColumnFacts | None:
    if not type(estimator).__module__.startswith("sklearn.impute"):
        return None
    marker = getattr(estimator, "missing_values", None)
    if not _is_missing(marker):  # it fills in a number that stands for nothing, such as -1
        return None
    statistics = getattr(estimator, "statistics_", None)
    value = statistics[index] if statistics is not None and index < len(statistics) else None
    is_string = isinstance(value, str)
    return ColumnFacts(is_string, True, value if is_string else None, missing_is_none=marker is None)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


_READERS: tuple[Callable[[Any, int], ColumnFacts | None], ...] = (_of_encoder, _of_imputer)
