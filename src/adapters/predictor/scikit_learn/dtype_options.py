"""Dtype options: what a column may be whose dtype nothing says, each with values to try it with."""

from collections.abc import Iterator, Mapping, Sequence
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

_DTYPES: Final[tuple[DType, ...]] = ("int64", "bool", "datetime", "string")
"""What a column may be that is taken for float64 at first, the most plausible first."""


def changes(plan: InputPlan, known: Sequence[object]) -> Iterator[dict[int, PlannedColumn]]:
    """Yield what may be planned otherwise: one open column at a time; all of an array, which has one dtype."""
    options = _options(plan, known)
    if plan.takes == "array" or len(options) > MOST_COLUMNS:
        for dtype in _DTYPES:
            others = _other_numbers(plan, dtype) if plan.takes == "array" else {}
            yield {**others, **_all_in(options, dtype)}
        return
    # A part that comes first in a pipeline may have a column that comes last in the frame: gone through twice.
    for at, choices in [*options.items(), *options.items()]:
        for choice in choices:
            yield {at: choice}


def changes_together(plan: InputPlan, known: Sequence[object]) -> Iterator[dict[int, PlannedColumn]]:
    """Yield what may be planned otherwise of several columns that one part of the model sees: two, or all."""
    options = _options(plan, known)
    for pair in islice(combinations(options, 2), MOST_PAIRS):
        for dtype in _DTYPES[1:]:
            yield _all_in({at: options[at] for at in pair}, dtype)
    for dtype in _DTYPES:
        yield _all_in(options, dtype)


def _options(plan: InputPlan, known: Sequence[object]) -> dict[int, list[PlannedColumn]]:
    return {
        at: [other for dtype in _DTYPES if (other := _with_dtype(plan.columns[at], dtype, known)) is not None]
        for at in plan.open_columns
    }


def _all_in(options: Mapping[int, Sequence[PlannedColumn]], dtype: DType) -> dict[int, PlannedColumn]:
    return {at: other for at, others in options.items() for other in others if other.feature.dtype == dtype}


def _other_numbers(plan: InputPlan, dtype: DType) -> dict[int, PlannedColumn]:
    """Return the columns beside the open ones that are of a dtype as well, if those are: an array has but one."""
    others = (at for at, column in enumerate(plan.columns) if column.takes_any_number) if dtype == "int64" else ()
    return {at: column for at in others if (column := _with_dtype(plan.columns[at], dtype, ())) is not None}


def in_integers(plan: InputPlan, places: Sequence[int], known: Sequence[object]) -> dict[int, PlannedColumn]:
    """Return some open columns as integers, and what has to be of their dtype beside them."""
    changed = {at: _with_dtype(plan.columns[at], "int64", known) for at in places}
    others = _other_numbers(plan, "int64") if plan.takes == "array" else {}
    return {**others, **{at: column for at, column in changed.items() if column is not None}}


def first_guess(column: PlannedColumn, known: Sequence[object]) -> PlannedColumn:
    """Return a column as texts where only texts are known behind the user's code, else as float64.

    Whole numbers are taken for values, since those are the same as integers.
    """
    texts = _as_dtype(column.hints, "string")
    if texts and not any(_as_dtype(column.hints, dtype) for dtype in _DTYPES[:3]):
        return column.with_dtype("string", texts, origin=BY_TRIAL, is_guess=False)
    hints = column.hints or known
    whole = [float(number) for number in _as_dtype(hints, "int64")]  # type: ignore[arg-type] # which they are
    values = whole or _as_dtype(hints, "float64") or _whole_numbers(column.feature)
    return column.with_dtype("float64", values, origin="", is_guess=True)


def _with_dtype(column: PlannedColumn, dtype: DType, known: Sequence[object]) -> PlannedColumn | None:
    """Return an open column with another dtype; None where nothing that is known behind it can be of that."""
    if column.feature.dtype == dtype or column.feature.shape:
        return None
    values = _as_dtype(column.hints or (known if dtype != "string" else ()), dtype)
    if column.hints and not values:
        return None
    return column.with_dtype(dtype, values or _plausible(column.feature, dtype), origin=BY_TRIAL, is_guess=False)


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
