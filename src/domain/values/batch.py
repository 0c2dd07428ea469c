"""Batch: n instances held by column, in the one form that keys and models see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foreseen.domain.errors import MISSING_HINT, Flaw, InvalidBatchError
from foreseen.domain.values.datetimes import IN_RANGE, ticks_of
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """n >= 1 instances under a signature, canonical: what is equal in a key is equal here, bit for bit.

    Attributes:
        signature: what the columns stand for.
        columns: one array a feature, in the signature's order, shape (n, *feature.shape), of its `column_dtype`:
            strings are object arrays of `str`, or `None` where missing; dates and times are datetime64[ns], NaT where
            missing; integers and bools that may be missing are float64, NaN where missing.
    """

    signature: Signature
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, signature: Signature, columns: Mapping[str, Sequence[Any] | Column]) -> "Batch":
        """Make a batch of one sequence a feature, n values or n nested lists each, of the right types already.

        Dates and times are ISO 8601 text, nanoseconds since 1970, or an array of datetime64.

        Raises:
            InvalidBatchError: a value is not finite, is missing where none may be, or does not fit its dtype.
        """
        return cls(signature, tuple(_canonical(feature, columns[feature.name]) for feature in signature.features))

    @classmethod
    def of_rows(cls, signature: Signature, rows: Sequence[Sequence[Any]]) -> "Batch":
        """Make a batch of a value a feature for each instance, in the signature's order; raise as `of`."""
        if signature.is_plain:  # made in one go
            matrix = np.array(rows, dtype=np.float64) + 0.0
            if np.isfinite(matrix).all():
                return cls(signature, tuple(np.ascontiguousarray(matrix.T)))
        columns = zip(*rows, strict=True)
        return cls.of(signature, dict(zip(signature.names, map(list, columns), strict=True)))

    def __len__(self) -> int:
        return len(self.columns[0])

    def take(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> "Batch":
        """Return the instances with these numbers, in this order; a number may occur twice."""
        index = np.asarray(rows, dtype=np.intp)
        return Batch(self.signature, tuple(column[index] for column in self.columns))


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches of one signature together, in order."""
    if len(batches) == 1:
        return batches[0]
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return Batch(batches[0].signature, tuple(np.concatenate(parts) for parts in columns))


def _canonical(feature: Feature, values: Sequence[Any] | Column) -> Column:
    if feature.dtype == "string":
        return _strings(feature, values)
    if feature.dtype in FLOATS:
        return _floats(feature, values)
    if feature.dtype in DATETIMES:
        return _datetimes(feature, values)
    return _integers(feature, values)


def _strings(feature: Feature, values: Sequence[Any] | Column) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    present = [value for value in column if value is not None]
    if len(present) < len(column) and not feature.missing:
        row = next(row for row, value in enumerate(column) if value is None)
        raise InvalidBatchError([Flaw("a string", "nothing", row, feature.name, hint=MISSING_HINT)])
    if not _encodes("".join(present)):  # all at once, since most do
        row = next(row for row, value in enumerate(column) if value is not None and not _encodes(value))
        raise InvalidBatchError([Flaw("a string of Unicode characters", ascii(column[row]), row, feature.name)])
    return column


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _floats(feature: Feature, values: Sequence[Any] | Column) -> Column:
    given = np.asarray(values, dtype=np.float64)  # None becomes NaN
    with np.errstate(over="ignore"):  # an overflow becomes inf, refused below
        column = given.astype(f"<f{int(feature.dtype[5:]) // 8}", order="C", copy=False)
    # Adding 0.0 folds -0.0 into 0.0: the two are equal, their bytes are not. After the cast, which makes -0.0 of what
    # is too small for a float32.
    column = column + 0.0
    finite = np.isfinite(column)
    if finite.all():
        return column
    missing = np.isnan(column)
    refused = ~finite & ~missing if feature.missing else ~finite
    if refused.any():
        row, *position = (int(i) for i in np.argwhere(refused)[0])
        number = float(given[(row, *position)])
        got, hint = ("nothing or NaN", MISSING_HINT) if np.isnan(number) else (repr(number), "")
        flaw = Flaw(f"a finite {feature.dtype} number", got, row, feature.name, tuple(position), hint)
        raise InvalidBatchError([flaw])
    column[missing] = np.nan  # one NaN, whatever its payload was
    return column


def _integers(feature: Feature, values: Sequence[Any] | Column) -> Column:
    low, high = feature.bounds
    given = np.asarray(values)
    if given.dtype == object:  # None among them, or Python integers beyond 64 bits: comparing those is exact as well
        given = np.where(given == None, np.nan, given)  # noqa: E711 - by element
    is_present = given == given  # all but NaN
    with np.errstate(invalid="ignore"):  # an object array warns where it compares NaN
        fits = (given >= low) & (given <= high)
    numbers = np.where(fits, given, 0)
    if given.dtype.kind in "fO":
        numbers = numbers.astype(np.float64)
        fits &= numbers == np.rint(numbers)
    refused = ~fits & is_present if feature.missing else ~fits
    if refused.any():
        row, *position = (int(i) for i in np.argwhere(refused)[0])
        raise InvalidBatchError([_no_integer(feature, given[(row, *position)], row, tuple(position))])
    if not feature.missing:
        return numbers.astype(feature.column_dtype, order="C")
    column: Column = np.where(fits, numbers, np.nan).astype(feature.column_dtype) + 0.0
    return column


def _no_integer(feature: Feature, value: Any, row: int, position: tuple[int, ...]) -> Flaw:
    low, high = feature.bounds
    if value != value:
        return Flaw("an integer", "nothing or NaN", row, feature.name, position, MISSING_HINT)
    expected = "an integer" if low <= value <= high else f"an integer from {low} to {high}"
    return Flaw(expected, str(value), row, feature.name, position)


def _datetimes(feature: Feature, values: Sequence[Any] | Column) -> Column:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        column = _in_nanoseconds(feature, values)
    else:
        ticks = [_ticks(feature, value, row) for row, value in enumerate(values)]
        column = np.array(ticks, dtype=np.int64).view(feature.column_dtype)
    if not feature.missing and (missing := np.isnat(column)).any():
        row = int(np.argmax(missing))
        raise InvalidBatchError([Flaw("a date and time", "nothing", row, feature.name, hint=MISSING_HINT)])
    return column


def _in_nanoseconds(feature: Feature, values: Column) -> Column:
    column = values.astype(feature.column_dtype, order="C")
    # numpy lets those that do not fit overflow without a word; they come back as others.
    changed = (column.astype(values.dtype) != values) & ~np.isnat(values)
    if changed.any():
        row = int(np.argmax(changed))
        raise InvalidBatchError([Flaw(IN_RANGE, str(values[row]), row, feature.name)])
    return column


def _ticks(feature: Feature, value: Any, row: int) -> int:
    try:
        return ticks_of(feature, value)
    except ValueError as exc:
        raise InvalidBatchError([Flaw(str(exc), str(value), row, feature.name)]) from None
