"""Tracing: follows columns into a fitted scikit-learn model, to the parts that reveal what they contain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.feature_selection import RFE
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from foreseen.adapters.predictor.boosters.booster_columns import booster_facts
from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts, chained_facts, merged_facts
from foreseen.adapters.predictor.scikit_learn.columns.column_picks import picked_columns
from foreseen.adapters.predictor.scikit_learn.columns.estimator_tags import allows_missing
from foreseen.adapters.predictor.scikit_learn.columns.members import BAGGING, members_of
from foreseen.adapters.predictor.scikit_learn.columns.part_readers import FittedPart, is_of_known_library

TEXT: Final = (CountVectorizer, HashingVectorizer)
"""Classes that take texts; TfidfVectorizer is a CountVectorizer."""

_HIST = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


@dataclass(frozen=True, slots=True)
class _Column:
    """One column as the current estimator numbers it.

    Attributes:
        index: its position; None behind code that may have changed the number of columns.
        name: None if there are no names.
    """

    index: int | None
    name: str | None


_NOTHING = ColumnFacts()


@dataclass(frozen=True, slots=True)
class _Passed:
    """A column after an estimator.

    Attributes:
        facts: what the estimator records about it.
        onward: the column as the next estimator numbers it; empty if it ends, or becomes other columns.
        is_filled: whether it has no missing values left.
    """

    facts: ColumnFacts = _NOTHING
    onward: tuple[_Column, ...] = ()
    is_filled: bool = False


_DROPPED = _Passed(ColumnFacts(is_dropped=True))


def traced(model: object, names: Sequence[str] | None, count: int) -> list[ColumnFacts]:
    """Return what each input column is, in order.

    Args:
        names: of the columns; None if the model was fitted on an array.
        count: the number of columns.
    """
    columns = [_Column(index, names[index] if names else None) for index in range(count)]
    return [passed.facts for passed in _walk(model, columns)]


def _walk(estimator: object, columns: Sequence[_Column]) -> list[_Passed]:
    """Follow columns into an estimator until its parts reveal what they are."""
    if _is_passthrough(estimator):
        return [_Passed(onward=(column,)) for column in columns]
    if isinstance(estimator, str):  # "drop"
        return [_DROPPED] * len(columns)
    if isinstance(estimator, Pipeline):
        return _through([step for _, step in estimator.steps], columns)
    if isinstance(estimator, ColumnTransformer):
        return _routed(estimator, columns)
    if isinstance(estimator, _HIST):
        return _of_hist(estimator, columns)
    if isinstance(estimator, FunctionTransformer):
        return _of_function(estimator, columns)
    if (facts := booster_facts(estimator)) is not None:
        return [_Passed(_at(facts, column)) for column in columns]
    if members := members_of(estimator):
        walked = [_walk(member, _as_member(estimator, place, columns)) for place, member in enumerate(members)]
        return [_Passed(merged_facts([passed.facts for passed in each])) for each in zip(*walked, strict=True)]
    return _plain(estimator, columns)


def _as_member(estimator: object, place: int, columns: Sequence[_Column]) -> Sequence[_Column]:
    """Return the columns as one member numbers them, if it is given only some of them, and without names."""
    if isinstance(estimator, BAGGING):
        chosen = list(estimator.estimators_features_[place])
    elif isinstance(estimator, RFE):
        chosen = list(np.flatnonzero(estimator.support_))
    else:
        return columns
    places = {int(index): at for at, index in enumerate(chosen)}
    return [_Column(places.get(column.index) if column.index is not None else None, None) for column in columns]


def _through(steps: Sequence[object], columns: Sequence[_Column]) -> list[_Passed]:
    """Follow columns through consecutive steps; a scaler passes missing values on to the next."""
    ways = [_Passed(onward=(column,)) for column in columns]
    for step in steps:
        if _is_passthrough(step):
            continue
        going = [column for way in ways for column in way.onward]
        walked = iter(_walk(step, going))
        ways = [_further(way, [next(walked) for _ in way.onward]) for way in ways]
    return ways


def _is_passthrough(part: object) -> bool:
    return part is None or (isinstance(part, str) and part == "passthrough")


def _further(way: _Passed, later: Sequence[_Passed]) -> _Passed:
    if not later:
        return way
    facts = merged_facts([passed.facts for passed in later])
    if facts.is_dropped:
        return _Passed(replace(way.facts, is_dropped=way.facts == _NOTHING))
    return _Passed(
        facts if way.facts is _NOTHING else chained_facts(way.facts, facts, is_filled=way.is_filled),
        tuple(column for passed in later for column in passed.onward),
        way.is_filled or all(passed.is_filled for passed in later),
    )


def _routed(transformer: ColumnTransformer, columns: Sequence[_Column]) -> list[_Passed]:
    by_index = {column.index: at for at, column in enumerate(columns) if column.index is not None}
    by_name: dict[str | None, int] = {column.name: at for at, column in enumerate(columns) if column.name is not None}
    own_names = dict(enumerate(map(str, getattr(transformer, "feature_names_in_", ()))))
    found: list[list[_Passed]] = [[] for _ in columns]
    # The template that a bagging estimator keeps was never fitted.
    for name, part, chosen in getattr(transformer, "transformers_", ()):
        picks = picked_columns(chosen, transformer)
        given = [by_name.get(own_names.get(pick)) if pick not in by_index else by_index[pick] for pick in picks]
        inner = [_Column(place, columns[at].name) for place, at in enumerate(given) if at is not None]
        here = [at for at in given if at is not None]
        for at, passed in zip(here, _walk(part, inner), strict=True):
            found[at].append(_behind(transformer, name, passed, len(picks)))
    return [_all_of(passed) if passed else _DROPPED for passed in found]


def _behind(transformer: ColumnTransformer, part_name: str, passed: _Passed, n_given: int) -> _Passed:
    """Return a column as the next step numbers it, if its part returns one column for each."""
    where = getattr(transformer, "output_indices_", {}).get(part_name)
    if where is None or where.stop - where.start != n_given:
        return replace(passed, onward=())
    onward = (replace(column, index=where.start + column.index) for column in passed.onward if column.index is not None)
    return replace(passed, onward=tuple(onward))


def _all_of(found: Sequence[_Passed]) -> _Passed:
    """Merge what parallel parts make of one column."""
    return _Passed(
        merged_facts([passed.facts for passed in found]),
        tuple(column for passed in found for column in passed.onward),
        all(passed.is_filled for passed in found),
    )


def _of_hist(estimator: object, columns: Sequence[_Column]) -> list[_Passed]:
    """Read histogram gradient boosting: it accepts missing values, and encodes string categories itself."""
    encoder = getattr(estimator, "_preprocessor", None)
    walked = [_Passed()] * len(columns) if encoder is None else _routed(encoder, columns)
    return [_Passed(replace(passed.facts, takes_missing=True, is_dropped=False)) for passed in walked]


def _of_function(transformer: FunctionTransformer, columns: Sequence[_Column]) -> list[_Passed]:
    """Read a function: a user's own reveals nothing, and later steps find columns behind it by name."""
    if transformer.func is None or isinstance(transformer.func, np.ufunc):
        return [_Passed(onward=(column,)) for column in columns]
    opaque = ColumnFacts(is_opaque=True)
    return [_Passed(opaque, (_renumbered(column),)) for column in columns]


def _renumbered(column: _Column) -> _Column:
    return column if column.name is None else _Column(None, column.name)


def _plain(estimator: object, columns: Sequence[_Column]) -> list[_Passed]:
    """Read an estimator that is not composed of others."""
    if isinstance(estimator, TEXT):
        return [_Passed(ColumnFacts(dtype="string", origin=type(estimator).__name__))] * len(columns)
    part = FittedPart(estimator)
    found = [part.facts(column.index, column.name) for column in columns]
    passes_missing = _passes_missing(estimator)
    if not is_of_known_library(estimator):
        # Later steps reveal what the code returns, but not whether it passes missing values on.
        return [
            _Passed(replace(facts, is_opaque=True), (_renumbered(column),), is_filled=not passes_missing)
            for facts, column in zip(found, columns, strict=True)
        ]
    fills = type(estimator).__module__.startswith("sklearn.impute")
    # Steps after an encoder see its codes, and reveal nothing of its input.
    is_one_to_one = isinstance(estimator, OneToOneFeatureMixin) and not hasattr(estimator, "categories_")
    goes_on = _keeps_columns(estimator) if fills else is_one_to_one and passes_missing
    return [
        _Passed(facts, (column,) if goes_on else (), is_filled=fills and facts.takes_missing)
        for facts, column in zip(found, columns, strict=True)
    ]


def _keeps_columns(imputer: object) -> bool:
    """Return whether an imputer returns one column for each: none was empty, and no indicators are added."""
    statistics = getattr(imputer, "statistics_", None)
    if getattr(imputer, "add_indicator", False) or statistics is None:
        return False
    return all(isinstance(value, str) or value == value for value in statistics)


def _passes_missing(estimator: object) -> bool:
    try:
        return allows_missing(estimator)
    except Exception:  # noqa: BLE001 - an estimator of a user's own may have no tags, or broken ones
        return False


def _at(facts: Sequence[ColumnFacts], column: _Column) -> ColumnFacts:
    return facts[column.index] if column.index is not None and column.index < len(facts) else ColumnFacts()
