"""Rows without a frame: a two-dimensional array, whose columns are the features in their order, and lists of rows."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foreseen.adapters.tabular.frames.arrow_values import arrow_column, json_columns
from foreseen.adapters.tabular.frames.frame_answers import Answers
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.signature import Signature


class Matrix:
    """An array with a row per instance: two-dimensional, or more if the only feature is a tensor."""

    name = "array"

    def __init__(self, array: npt.NDArray[np.generic], signature: Signature) -> None:
        """Accept an array of the model's own width; raise TableError for any other."""
        self.columns = signature.names
        only = signature.features[0]
        shape = only.shape if len(signature.features) == 1 and only.shape else (len(signature.features),)
        if array.shape[1:] != shape:
            expected = " x ".join(map(str, ("n", *shape)))
            names = "" if only.shape else f" ({', '.join(signature.names)})"
            got = " x ".join(map(str, array.shape)) or "a single value"
            advice = "; pandas.DataFrame(array) makes a frame of its fields" if array.dtype.names else ""
            advice = "; array.reshape(1, -1) is one row" if array.shape == shape else advice
            raise TableError(f"array: expected {expected} values{names}, got {got}{advice}")
        self._columns = [array] if only.shape else list(array.T)

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns."""
        chosen = [self._columns[self.columns.index(name)] for name in names]
        return pa.Table.from_arrays([_column(values) for values in chosen], names=list(names))

    def predicted(self, answers: Answers) -> object:
        """Return an array, or a dict of one for each column if there are several."""
        table = answers.table()
        arrays = {name: table.column(name).to_numpy() for name in table.column_names}
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays


class Instances:
    """A list of dicts, or of lists in the order of the features, as in an HTTP request."""

    name = "instances"

    def __init__(self, rows: Sequence[object], signature: Signature) -> None:
        """Accept rows; raise TableError for other values, and for names that are not features."""
        self.columns = signature.names
        self._rows = [_as_dict(row, place, signature) for place, row in enumerate(rows)]
        if signature.extra_fields == "reject":
            self._check_names(frozenset((*signature.names, *signature.ignored)))

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns."""
        return pa.Table.from_arrays(json_columns(self._rows, names), names=list(names))

    def predicted(self, answers: Answers) -> list[Json]:
        """Return a list of the answers."""
        return answers.values()

    def _check_names(self, known: frozenset[str]) -> None:
        for place, row in enumerate(self._rows):
            if row.keys() <= known:
                continue
            name = next(name for name in row if name not in known)
            hint = did_you_mean(str(name), self.columns)
            said = f"instances[{place}].{name}: expected no such feature"
            raise TableError(said + (f"; {hint}" if hint else ""))


def _column(values: npt.NDArray[np.generic]) -> pa.Array | pa.ChunkedArray:
    if values.ndim > 1:
        return pa.array(values.tolist())
    held = np.ascontiguousarray(values)  # without the mask
    return arrow_column(_masked(held, values) if np.ma.isMaskedArray(values) else held)


def _masked(held: npt.NDArray[np.generic], values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return values with the mask of an array, and NaN masked: if there is a mask, Arrow takes NaN for a number."""
    missing = np.ma.getmaskarray(values)
    return np.ma.array(held, mask=missing | np.isnan(held) if held.dtype.kind in "fmM" else missing)


def _as_dict(row: object, place: int, signature: Signature) -> dict[str, object]:
    if isinstance(row, Mapping):
        return dict(row)
    if isinstance(row, Sequence) and not isinstance(row, str | bytes) and len(row) == len(signature.names):
        return dict(zip(signature.names, row, strict=True))
    names = signature.names
    got = f"{len(row)} values" if isinstance(row, Sequence) and not isinstance(row, str | bytes) else type(row).__name__
    advice = "; numpy.array(…) makes an array of rows" if hasattr(row, "tolist") else ""
    advice = "; pandas.DataFrame(…) makes a frame of rows" if hasattr(row, "to_dict") else advice
    said = f"instances[{place}]: expected a dict, or {len(names)} values ({', '.join(names)}), got {got}"
    raise TableError(said + advice)
