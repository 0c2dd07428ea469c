"""Batch: n instances by column, in the one form that keys and models see; and the rows that it is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from foreseen.domain.errors import MISSING_HINT, InvalidBatchError, Violation
from foreseen.domain.values.datetimes import datetime_column
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature

Column = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Batch:
    """n >= 1 instances under a signature, canonical: what is equal in a key is equal here, bit for bit.

    Attributes:
        signature: describes the columns.
        columns: one array per feature, in the signature's order, shape (n, *feature.shape), of its `column_dtype`:
            strings are object arrays of `str`, or `None` where missing; dates and times are datetime64[ns], NaT where
            missing; integers and bools that may be missing are float64, NaN where missing.
    """

    signature: Signature
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, signature: Signature, columns: Mapping[str, Sequence[object] | Column]) -> "Batch":
        """Return a batch from one sequence per feature, of n values or n nested lists of the right types.

        Dates and times are ISO 8601 text, nanoseconds since 1970, or an array of datetime64.

        Raises:
            InvalidBatchError: a value is not finite, is missing where none may be, or does not fit its dtype.
        """
        return cls(signature, tuple(_canonical(feature, columns[feature.name]) for feature in signature.features))

    @classmethod
    def of_rows(cls, signature: Signature, rows: Sequence[Sequence[object]]) -> "Batch":
        """Return a batch from one value per feature for each instance, in the signature's order; raise as `of`."""
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


class Instances(Protocol):
    """Valid instances, some of which may have to be computed."""

    def take(self, rows: Sequence[int]) -> Batch:
        """Return the instances with these numbers, in this order."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Instances as they were read, valid under a signature, each with a Python value per feature.

    Most of them are known to a cache, and a batch of one instance costs more than the rest of its request: so a batch
    is made when the model is called, of all that wait for it.
    """

    signature: Signature
    values: Sequence[Sequence[object]]

    def take(self, rows: Sequence[int]) -> Batch:
        """Return the instances with these numbers, in this order."""
        return Batch.of_rows(self.signature, [self.values[row] for row in rows])


def gathered(parts: Sequence[tuple[Instances, Sequence[int]]]) -> Batch:
    """Return one batch of instances of one signature, in order: of each part those with these indices."""
    if len(parts) == 1:
        instances, rows = parts[0]
        return instances.take(rows)
    return joined(list(_batches(parts)))


def _batches(parts: Iterable[tuple[Instances, Sequence[int]]]) -> Iterator[Batch]:
    together: list[tuple[Rows, Sequence[int]]] = []
    for instances, rows in parts:
        if isinstance(instances, Rows):
            together.append((instances, rows))
            continue
        if together:
            yield _batch(together)
            together = []
        yield instances.take(rows)
    if together:
        yield _batch(together)


def _batch(parts: Sequence[tuple[Rows, Sequence[int]]]) -> Batch:
    values = [instances.values[row] for instances, rows in parts for row in rows]
    return Batch.of_rows(parts[0][0].signature, values)


def joined(batches: Sequence[Batch]) -> Batch:
    """Concatenate batches of one signature."""
    if len(batches) == 1:
        return batches[0]
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return Batch(batches[0].signature, tuple(np.concatenate(parts) for parts in columns))


def _canonical(feature: Feature, values: Sequence[object] | Column) -> Column:
    if feature.dtype == "string":
        return _strings(feature, values)
    if feature.dtype in FLOATS:
        return _floats(feature, values)
    if feature.dtype in DATETIMES:
        return datetime_column(feature, values)
    return _integers(feature, values)


def _strings(feature: Feature, values: Sequence[object] | Column) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    present = [value for value in column if value is not None]
    if len(present) < len(column) and not feature.missing:
        row = next(row for row, value in enumerate(column) if value is None)
        raise InvalidBatchError([Violation("a string", "nothing", row, feature.name, hint=MISSING_HINT)])
    if not _encodes("".join(present)):  # all at once, since most do
        row = next(row for row, value in enumerate(column) if value is not None and not _encodes(value))
        raise InvalidBatchError([Violation("a string of Unicode characters", ascii(column[row]), row, feature.name)])
    return column


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _floats(feature: Feature, values: Sequence[object] | Column) -> Column:
    given = np.asarray(values, dtype=np.float64)  # None becomes NaN
    with np.errstate(over="ignore"):  # an overflow becomes inf, rejected below
        column = given.astype(f"<f{int(feature.dtype[5:]) // 8}", order="C", copy=False)
    # Adding 0.0 folds -0.0 into 0.0: the two are equal, their bytes are not. It comes after the cast, which turns what
    # is too small for a float32 into -0.0.
    column = column + 0.0
    finite = np.isfinite(column)
    if finite.all():
        return column
    missing = np.isnan(column)
    rejected = ~finite & ~missing if feature.missing else ~finite
    if rejected.any():
        row, *position = (int(i) for i in np.argwhere(rejected)[0])
        number = float(given[(row, *position)])
        got, hint = ("nothing or NaN", MISSING_HINT) if np.isnan(number) else (repr(number), "")
        violation = Violation(f"a finite {feature.dtype} number", got, row, feature.name, tuple(position), hint)
        raise InvalidBatchError([violation])
    column[missing] = np.nan  # one NaN, whatever its payload was
    return column


def _integers(feature: Feature, values: Sequence[object] | Column) -> Column:
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
    rejected = ~fits & is_present if feature.missing else ~fits
    if rejected.any():
        row, *position = (int(i) for i in np.argwhere(rejected)[0])
        raise InvalidBatchError([_no_integer(feature, given[(row, *position)], row, tuple(position))])
    if not feature.missing:
        return numbers.astype(feature.column_dtype, order="C")
    column: Column = np.where(fits, numbers, np.nan).astype(feature.column_dtype) + 0.0
    return column


def _no_integer(feature: Feature, value: float, row: int, position: tuple[int, ...]) -> Violation:
    low, high = feature.bounds
    if value != value:
        return Violation("an integer", "nothing or NaN", row, feature.name, position, MISSING_HINT)
    expected = "an integer" if low <= value <= high else f"an integer from {low} to {high}"
    return Violation(expected, str(value), row, feature.name, position)
