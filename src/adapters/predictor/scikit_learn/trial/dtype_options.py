"""Dtype options: the dtypes that a column of unknown dtype may have, each with values to try it with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import Final

from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.observed_parts import Known
from foreseen.adapters.predictor.scikit_learn.trial.value_readings import readings, reads_all
from foreseen.domain.values.signature import DATETIMES, DType, Feature

ROWS: Final = 4
"""Made-up instances per call; one more if there are as many columns, so that a table is not mistaken for its
transpose."""

BY_TRIAL: Final = "found by trial"
"""The origin of a dtype that was determined by a few calls of the model."""

MOST_COLUMNS: Final = 16
"""Maximum number of columns whose dtypes are tried one by one; those of more are only tried all at once."""

MOST_PAIRS: Final = 32
"""Maximum number of pairs of columns whose dtypes are tried together."""

TRIED: Final[tuple[DType, ...]] = ("float64", "int64", "bool", "datetime", "datetime_tz", "string")
"""The dtypes to try, the most plausible first."""

_MOST_LISTS: Final = 4
"""Maximum number of lists of known values that are tried in a column, if it is unknown which one is its own."""

_BETWEEN_PIECES: Final = re.compile(r"[^\w.]+|_+")


def changes(plan: InputPlan, known: Known) -> Iterator[dict[int, PlannedColumn]]:
    """Yield alternatives to a plan: for one open column at a time; for all of an array, which has one dtype."""
    for group in groups(plan):
        for dtype in TRIED:
            yield from changes_of(plan, group, dtype, known)


def groups(plan: InputPlan) -> list[list[int]]:
    """Return the open columns in groups whose dtypes are tried at once: each alone, unless they are too many."""
    places = list(plan.open_columns)
    if not places or plan.takes == "array" or len(places) > MOST_COLUMNS:
        return [places] if places else []
    return [[at] for at in places]


def changes_of(
    plan: InputPlan, group: Sequence[int], dtype: DType, known: Known, *, in_full: bool = False
) -> Iterator[dict[int, PlannedColumn]]:
    """Yield a group of columns in another dtype, with one set of values after the other.

    Args:
        in_full: leave a dtype out if only some of the values known behind a column can have it.
    """
    sets = {at: _options(plan.columns[at], dtype, known, in_full=in_full) for at in group}
    sets = {at: found for at, found in sets.items() if found}
    for turn in range(max(map(len, sets.values()), default=0)):
        yield _beside(plan, dtype) | {at: found[turn % len(found)] for at, found in sets.items()}


def changes_together(plan: InputPlan, known: Known) -> Iterator[dict[int, PlannedColumn]]:
    """Yield alternatives for several columns at once, which a part of the model may combine: all, or pairs."""
    places = list(plan.open_columns)
    pairs = [list(pair) for pair in islice(combinations(places, 2), MOST_PAIRS)]
    for group in [places, *(pair for pair in pairs if pair != places)]:
        yield from _as_pieces(plan, group, known)
        yield from _as_pieces(plan, group[::-1], known)
        for dtype in TRIED:
            yield from islice(changes_of(plan, group, dtype, known), 1)


def _as_pieces(plan: InputPlan, group: Sequence[int], known: Known) -> Iterator[dict[int, PlannedColumn]]:
    """Yield columns with the pieces of known texts as values: behind code that joins 3 and "a", "3_a" reveals both."""
    texts = [text for listed in known.lists for text in readings(listed, "string")]
    split = [pieces for text in texts if len(pieces := _BETWEEN_PIECES.split(str(text))) == len(group) > 1]
    if not split or plan.takes == "array":
        return
    yield {at: _of_pieces(plan.columns[at], pieces) for at, pieces in zip(group, zip(*split, strict=True), strict=True)}


def _of_pieces(column: PlannedColumn, pieces: Sequence[str]) -> PlannedColumn:
    plainest: tuple[DType, ...] = ("int64", "float64", "bool")
    dtype: DType = next((dtype for dtype in plainest if reads_all(pieces, dtype)), "string")
    return _with(column, dtype, readings(pieces, dtype))


def with_values(
    plan: InputPlan, places: Sequence[int], dtype: DType, values: Sequence[object], form: str | None = None
) -> InputPlan:
    """Return a plan with some columns in a dtype and with values; others change with them if they share a dtype."""
    changed = {at: _with(plan.columns[at], dtype, readings(values, dtype), form) for at in places}
    return plan.replacing(_beside(plan, dtype) | changed)


def _beside(plan: InputPlan, dtype: DType) -> dict[int, PlannedColumn]:
    """Return the other columns that become integers as well, if the open ones do: an array has one dtype."""
    if plan.takes != "array" or dtype != "int64":
        return {}
    others = (at for at, column in enumerate(plan.columns) if column.takes_any_number)
    return {at: _with(plan.columns[at], dtype, whole_numbers(plan.columns[at].feature)) for at in others}


def first_guess(column: PlannedColumn, known: Known) -> PlannedColumn:
    """Return a column as texts if texts other than numbers are known behind the user's code, else as float64.

    Its values are whole numbers if possible, since these are the same as integers.
    """
    own = _own_values(column, known)
    texts = readings(own, "string")
    if texts and not any(reads_all(own, dtype) for dtype in TRIED if dtype != "string"):
        return _with(column, "string", texts)
    hints = own or tuple(value for listed in known.lists for value in listed)
    values = readings(hints, "int64") if reads_all(hints, "int64") or not own else readings(hints, "float64")
    numbers = [float(number) for number in values or whole_numbers(column.feature)]  # type: ignore[arg-type] # numbers
    return replace(column.with_dtype("float64", numbers, origin="", is_guess=True), has_made_up_values=not values)


def whole_numbers(feature: Feature) -> Sequence[float]:
    """Return whole numbers around a feature's example: they are the same as integers and as floats."""
    example = feature.example if isinstance(feature.example, int | float) else 1.0
    return [float(round(example) + step) for step in range(ROWS + 1)]


def _options(column: PlannedColumn, dtype: DType, known: Known, *, in_full: bool) -> list[PlannedColumn]:
    if column.feature.shape:
        return []
    own = _own_values(column, known)
    found = readings(own, dtype)
    if found and in_full and not reads_all(own, dtype):
        return []
    if found:
        return [_with(column, dtype, found)]
    lists = [] if own else [readings(listed, dtype) for listed in known.lists if reads_all(listed, dtype)]
    made_up = [_with(column, dtype, values) for values in _plausible(column.feature, dtype)]
    return [
        *(_with(column, dtype, values) for values in lists[:_MOST_LISTS]),
        *(replace(option, has_made_up_values=True) for option in made_up),
    ]


def _own_values(column: PlannedColumn, known: Known) -> Sequence[object]:
    return column.hints or known.by_name.get(column.forms[0].name, ())


def _with(column: PlannedColumn, dtype: DType, values: Sequence[object], form: str | None = None) -> PlannedColumn:
    # Integers that may be missing are pandas' own; as floats they would no longer be integers.
    nullable = "Int64" if dtype == "int64" and column.feature.missing else None
    planned = column.with_dtype(dtype, values, origin=BY_TRIAL, is_guess=False, form=form or nullable)
    return replace(planned, has_made_up_values=False)


def _plausible(feature: Feature, dtype: DType) -> list[Sequence[object]]:
    """Return sets of values of a dtype; a model may accept one and reject the others."""
    start = datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - without an offset
    dates = [(start + timedelta(days=41 * day, hours=5 * day)).isoformat() for day in range(ROWS + 1)]
    if dtype in DATETIMES:
        return [readings(dates, dtype)]
    if dtype == "string":
        return [["text", "another", "a third one"], dates]
    return [[True, False]] if dtype == "bool" else [readings(whole_numbers(feature), dtype)]


def sidecar_name(column: PlannedColumn) -> str:
    """Return the dtype of a column as a sidecar declares it."""
    form = column.forms[0].dtype
    return form if form.startswith(("datetime64", "Int")) else column.feature.dtype
