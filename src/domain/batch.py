"""Batch: n instances held by column, in the one form that keys and models see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from foreseen.domain.errors import Flaw, InvalidBatchError
from foreseen.domain.signature import FLOATS, Feature, Signature

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """n >= 1 instances under a signature, canonical: what is equal in a key is equal here, bit for bit.

    Attributes:
        signature: what the columns stand for.
        columns: one array a feature, in the signature's order, shape (n, *feature.shape), little-endian in its
            dtype; strings are object arrays of `str`, or `None` where missing.
    """

    signature: Signature
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, signature: Signature, columns: Mapping[str, Sequence[Any] | Column]) -> "Batch":
        """Make a batch of one sequence a feature, n values or n nested lists each, of the right types already.

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
        """Give the instances with these numbers, in this order; a number may come twice."""
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
    return _integers(feature, values)


def _strings(feature: Feature, values: Sequence[Any] | Column) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    present = [value for value in column if value is not None]
    if len(present) < len(column) and not feature.missing:
        row = next(row for row, value in enumerate(column) if value is None)
        raise InvalidBatchError([Flaw("a string", "nothing", row, feature.name)])
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
        column = given.astype(f"<f{int(feature.dtype[5:]) // 8}", order="C")
    # Adding 0.0 folds -0.0 into 0.0: the two are equal, their bytes are not. After the cast, which makes -0.0 of what
    # is too small for a float32.
    column += 0.0
    finite = np.isfinite(column)
    if finite.all():
        return column
    missing = np.isnan(column)
    refused = ~finite & ~missing if feature.missing else ~finite
    if refused.any():
        row, *position = (int(i) for i in np.argwhere(refused)[0])
        got = _shown(given[(row, *position)])
        raise InvalidBatchError([Flaw(f"a finite {feature.dtype} number", got, row, feature.name, tuple(position))])
    column[missing] = np.nan  # one NaN, whatever its payload was
    return column


def _shown(number: float) -> str:
    return "nothing or NaN" if np.isnan(number) else repr(float(number))


def _integers(feature: Feature, values: Sequence[Any] | Column) -> Column:
    dtype = np.dtype(feature.dtype).newbyteorder("<")
    low, high = feature.bounds
    given = np.asarray(values)
    # Python integers beyond 64 bits make an object array; comparing those is exact as well.
    outside = (given < low) | (given > high)
    if outside.any():
        row, *position = (int(i) for i in np.argwhere(outside)[0])
        got = str(given[(row, *position)])
        raise InvalidBatchError([Flaw(f"an integer from {low} to {high}", got, row, feature.name, tuple(position))])
    return given.astype(dtype, order="C")
