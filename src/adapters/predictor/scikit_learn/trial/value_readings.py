"""Readings: values that a part of a model knows, as values of a dtype."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from foreseen.domain.values.signature import DType

_MISSING_AS_TEXT: Final = frozenset({"nan", "None", "<NA>", "NaT"})
"""What a missing value becomes when pandas converts to texts."""


def readings(values: Sequence[object], dtype: DType) -> tuple[object, ...]:
    """Return the values that can have a dtype, converted to it."""
    read = _READ[dtype]
    return tuple(found for value in present(values) if (found := read(value)) is not None)


def reads_all(values: Sequence[object], dtype: DType) -> bool:
    """Return whether every value can have a dtype."""
    return len(readings(values, dtype)) == len(present(values))


def present(values: Sequence[object]) -> tuple[object, ...]:
    """Return the values without texts that represent a missing one."""
    return tuple(value for value in values if not (isinstance(value, str) and value in _MISSING_AS_TEXT))


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


def _instant(value: object) -> str | None:
    date = _date(value)
    return None if date is None else f"{date}Z"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


_READ: Final[dict[DType, Callable[[object], object | None]]] = {
    "float64": _float,
    "int64": _integer,
    "bool": _bool,
    "datetime": _date,
    "datetime_tz": _instant,
    "string": _text,
}
