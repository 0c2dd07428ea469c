"""CsvEncoder: the rows that were read, each with its prediction, as lines of CSV."""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.csv

from foreseen.domain.errors import TableError
from foreseen.domain.predictions import Json, Predictions, finite
from foreseen.domain.table import Chunk, Reject

_CLASS_PREFIX: Final = "probability_"


class CsvEncoder:
    """Gives the columns that were read, then `prediction`, then `probability_<class>` for each if these were asked."""

    has_to_be_sealed: Final = False

    def __init__(self, columns: Sequence[str], *, name: str, added: Sequence[str]) -> None:
        """Take the columns that were read and those to add; `name` stands for the file in errors.

        Raises:
            TableError: a column to add is there already.
        """
        taken = [column for column in added if column in columns]
        if taken:
            raise TableError(f"{name}: expected an input without a column {taken[0]!r}, which the output adds")
        self._columns = tuple(columns)
        self._added = tuple(added)

    def begin(self) -> bytes:
        """Give the header line."""
        return _lines([[*self._columns, *self._added]])

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Give a line for each row."""
        table = chunk.table
        for column in self._added:
            table = table.append_column(column, pa.array(_cells(predictions.outputs, column), pa.string()))
        return _encode(table)

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the lines are the file."""
        shutil.copyfileobj(spool, out)


class CsvRejectsEncoder:
    """Gives the rows that were not scored: file, line, column, reason and the row itself."""

    def begin(self) -> bytes:
        """Give the header line."""
        return _lines([["file", "line", "column", "reason", "row"]])

    def encode(self, rejects: Sequence[Reject]) -> bytes:
        """Give a line for each reject."""
        return _lines([[one.source, str(one.line), one.column, one.reason, one.row] for one in rejects])


def added_columns(outputs: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Name the columns that answers with these outputs add to a table."""
    columns = ["prediction"] if "predict" in outputs else []
    if "predict_proba" in outputs:
        columns += [_CLASS_PREFIX + label for label in classes] or ["probabilities"]
    return columns


def _cells(outputs: Mapping[str, Sequence[Json]], column: str) -> list[str]:
    """Give the cells of an added column: of an output by its name, else of one class."""
    if column in outputs:
        return [_cell(value) for value in outputs[column]]
    label = column.removeprefix(_CLASS_PREFIX)
    return [_cell(each[label]) for each in outputs["probabilities"]]  # type: ignore[call-overload,index]


def _cell(value: Any) -> str:
    """Write a value as JSON does; a string as it is, null as nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"))


def _encode(table: pa.RecordBatch) -> bytes:
    plain = pa.BufferOutputStream()
    try:
        # pyarrow quotes every string or none; most tables hold no cell that needs it.
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
        pyarrow.csv.write_csv(table, plain, options)
    except pa.ArrowInvalid:
        return _lines(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return plain.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _lines(rows: Any) -> bytes:
    lines = _Lines()
    csv.writer(lines, lineterminator=_QUOTES_BOTH).writerows(rows)
    return "".join(lines).encode()


_QUOTES_BOTH: Final = "\r\n"
"""Before Python 3.13 a cell is quoted for a carriage return, or a newline, only where a line ends in one."""


class _Lines(list[str]):
    """Takes lines of csv.writer, one a call, and ends them in a newline alone."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix(_QUOTES_BOTH) + "\n")
