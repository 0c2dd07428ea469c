"""Dtype options: what a column may be whose dtype nothing says, each with values to try it with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations, islice
from typing import Final

from foreseen.adapters.predictor.scikit_learn.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.input_plan import InputPlan
from foreseen.domain.signature import DATETIMES, DType, Feature

ROWS: Final = 4
"""Made-up instances of a call; one more where there are as many columns, lest a table be taken for its transpose."""

BY_TRIAL: Final = "found by trial"
"""The origin of a dtype that a few calls of the model showed."""

MOST_COLUMNS: Final = 16
"""Columns whose dtypes are tried one by one; of more than that they are tried all at once only."""

MOST_PAIRS: Final = 32
"""Pairs of columns whose dtypes are tried together."""

_NUMBERS: Final[tuple[DType, ...]] = ("float64", "int64")
_DTYPES: Final[tuple[DType, ...]] = ("float64", "int64", "bool", "datetime", "string")
"""What a column may be whose dtype nothing says, the most plausible first."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the open columns of a plan may be otherwise.

    A call that fails says that a dtype is wrong. One that does not fail says so only by values that the encoders know:
    of a dtype of which none are known there is nothing to compare.

    Attributes:
        known: values that the encoders of the model know.
        is_failing: whether the model fails as it is planned.
    """

    plan: InputPlan
    known: Sequence[object]
    is_failing: bool

    def one_by_one(self) -> Iterator[dict[int, PlannedColumn]]:
        """Yield what may be planned otherwise: one column at a time; all of an array, which has one dtype."""
        if self.plan.takes == "array" or len(self.plan.open_columns) > MOST_COLUMNS:
            yield from self._all_at_once(self.plan.open_columns)
            return
        for at in self.plan.open_columns:
            for dtype in _DTYPES:
                yield from self._together([at], dtype)

    def together(self) -> Iterator[dict[int, PlannedColumn]]:
        """Yield what may be planned otherwise of several columns that one part of the model sees: two, or all."""
        for pair in islice(combinations(self.plan.open_columns, 2), MOST_PAIRS):
            for dtype in _DTYPES[2:]:
                yield from self._together(pair, dtype)
        yield from self._all_at_once(self.plan.open_columns)

    def _all_at_once(self, places: Sequence[int]) -> Iterator[dict[int, PlannedColumn]]:
        for dtype in _DTYPES:
            for changed in self._together(places, dtype):
                yield {**_beside_integers(self.plan), **changed} if dtype == "int64" else changed

    def _together(self, places: Sequence[int], dtype: DType) -> Iterator[dict[int, PlannedColumn]]:
        """Yield some columns in a dtype, if any of them can be of that."""
        changed = {at: self._in(self.plan.columns[at], dtype) for at in places}
        if found := {at: column for at, column in changed.items() if column is not None}:
            yield found

    def _in(self, column: PlannedColumn, dtype: DType) -> PlannedColumn | None:
        values = _as_dtype(_hints(column, self.known, dtype), dtype)
        is_comparable = bool(values) or (dtype in _NUMBERS and not column.hints)
        return _with_dtype(column, dtype, values) if is_comparable or self.is_failing else None


def in_integers(plan: InputPlan, places: Sequence[int], known: Sequence[object]) -> dict[int, PlannedColumn]:
    """Return some columns that are taken for float64 as the same numbers in integers, and what has to be so beside."""
    changed = {}
    for at in places:
        hints = _hints(plan.columns[at], known, "int64")
        whole = _as_dtype(hints, "int64")
        if whole or not _as_dtype(hints, "float64"):  # else only fractions are known
            changed[at] = _with_dtype(plan.columns[at], "int64", whole)
    others = _beside_integers(plan)
    return {**others, **{at: column for at, column in changed.items() if column is not None}}


def first_guess(column: PlannedColumn, known: Sequence[object]) -> PlannedColumn:
    """Return a column as texts where only texts are known behind the user's code, else as float64.

    Whole numbers are taken for values, since those are the same as integers.
    """
    texts = _as_dtype(column.hints, "string")
    if texts and not any(_as_dtype(column.hints, dtype) for dtype in ("float64", "bool", "datetime")):
        return column.with_dtype("string", texts, origin=BY_TRIAL, is_guess=False)
    hints = _hints(column, known, "float64")
    whole = [float(number) for number in _as_dtype(hints, "int64")]  # type: ignore[arg-type] # which they are
    return _in_float64(column, whole or _as_dtype(hints, "float64"))


def _hints(column: PlannedColumn, known: Sequence[object], dtype: DType) -> Sequence[object]:
    """Return the values that are known behind a column, else those known anywhere, which say nothing of texts."""
    return column.hints or (known if dtype != "string" else ())


def _beside_integers(plan: InputPlan) -> dict[int, PlannedColumn]:
    """Return the other columns of an array as integers: it has one dtype."""
    if plan.takes != "array":
        return {}
    others = {at: _with_dtype(each, "int64", ()) for at, each in enumerate(plan.columns) if each.takes_any_number}
    return {at: column for at, column in others.items() if column is not None}


def _with_dtype(column: PlannedColumn, dtype: DType, values: Sequence[object]) -> PlannedColumn | None:
    """Return a column with another dtype, to be tried with some values, else with plausible ones."""
    if column.feature.dtype == dtype or column.feature.shape:
        return None
    if dtype == "float64":
        return _in_float64(column, values)
    planned = column.with_dtype(dtype, values or _plausible(column.feature, dtype), origin=BY_TRIAL, is_guess=False)
    return replace(planned, has_made_up_values=not values)


def _in_float64(column: PlannedColumn, values: Sequence[object]) -> PlannedColumn:
    planned = column.with_dtype("float64", values or _whole_numbers(column.feature), origin="", is_guess=True)
    return replace(planned, has_made_up_values=not values)


def _plausible(feature: Feature, dtype: DType) -> Sequence[object]:
    if dtype == "string":
        return ()
    if dtype == "bool":
        return True, False
    if dtype in DATETIMES:
        start = datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - without an offset
        return [(start + timedelta(days=41 * day, hours=5 * day)).isoformat() for day in range(ROWS + 1)]
    return [int(number) for number in _whole_numbers(feature)]


def _whole_numbers(feature: Feature) -> Sequence[float]:
    """Return whole numbers around a feature's example: as integers and as floats they are the same."""
    example = feature.example if isinstance(feature.example, int | float) else 1.0
    return [float(round(example) + step) for step in range(ROWS + 1)]


def _as_dtype(values: Sequence[object], dtype: DType) -> tuple[object, ...]:
    """Return those of some values that can be of a dtype, as such."""
    read = {"float64": _float, "int64": _integer, "bool": _bool, "datetime": _date, "string": _text}[dtype]
    return tuple(found for value in values if (found := read(value)) is not None)


def _float(value: object) -> float | None:
    try:
        number = float(value) if not isinstance(value, bool) else None  # type: ignore[arg-type] # which may raise
    except (TypeError, ValueError):
        return None
    return number if number is not None and abs(number) < 2**53 else None


def _integer(value: object) -> int | None:
    number = _float(value)
    return int(number) if number is not None and number.is_integer() else None


def _bool(value: object) -> bool | None:
    return {"True": True, "False": False}.get(str(value))


def _date(value: object) -> str | None:
    if not isinstance(value, str) or "-" not in value[1:]:
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None).isoformat()
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
