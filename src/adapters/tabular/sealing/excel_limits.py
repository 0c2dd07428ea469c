"""Limits of an Excel sheet, checked while rows are scored instead of afterwards."""

from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.columns.plain_columns import is_text
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, TableEncoder, Written
from foreseen.domain.values.predictions import Predictions

MOST_ROWS: Final = 1_048_575
MOST_COLUMNS: Final = 16_384
MOST_CHARACTERS: Final = 32_767
"""Maximum rows of a sheet without its header, columns of a row, and characters of a cell.

Source:
    Microsoft, Excel specifications and limits
"""
_INSTEAD: Final = "--output-format parquet has no such limit"


class ExcelLimits:
    """An encoder that raises TableError for rows that do not fit in a sheet."""

    def __init__(self, encoder: TableEncoder, *, kept: Sequence[str], added: int, name: str) -> None:
        """Check the output of an encoder against the limits; errors call the output `name`.

        Args:
            kept: the columns of the input that are written.
            added: the number of further columns.

        Raises:
            TableError: there are too many columns, or no library to write them.
        """
        try:
            import openpyxl  # noqa: F401, PLC0415 - an extra
        except ImportError:
            got = "got no such library; install foreseen[excel]"
            raise TableError(f"{name}: expected openpyxl to write an Excel workbook, {got}") from None
        columns = len(kept) + added
        if columns > MOST_COLUMNS:
            raise TableError(
                f"{name}: expected at most {MOST_COLUMNS:,} columns in a sheet, got {columns:,}; {_INSTEAD}"
            )
        self._encoder = encoder
        self._kept = tuple(kept)
        self._name = name
        self._rows = 0

    @property
    def has_to_be_sealed(self) -> bool:
        """Whether the inner encoder's rows have to be sealed."""
        return self._encoder.has_to_be_sealed

    def begin(self) -> bytes:
        """Return the bytes before the first row."""
        return self._encoder.begin()

    def encode(self, chunk: Chunk, predictions: Predictions) -> Written:
        """Return the rows of a chunk; raise TableError if a sheet has no room for them."""
        self._rows += len(chunk.lines)
        if self._rows > MOST_ROWS:
            raise TableError(f"{self._name}: {too_many_rows(MOST_ROWS)}")
        for name in self._kept:
            column = record_batch_of(chunk).column(name)
            longest = pc.max(pc.utf8_length(column)).as_py() if is_text(column.type) else 0
            if (longest or 0) > MOST_CHARACTERS:
                expected = f"expected column {name!r} to hold at most {MOST_CHARACTERS:,} characters a cell"
                row = int(np.argmax(pc.fill_null(pc.utf8_length(column), 0).to_numpy(zero_copy_only=False)))
                raise TableError(f"{chunk.place(row)}: {expected}, got {longest:,}; {_INSTEAD}")
        return self._encoder.encode(chunk, predictions)

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Write the workbook."""
        self._encoder.seal(spool, out)


def too_many_rows(most: int) -> str:
    """Return the error for more rows than a sheet holds."""
    return f"expected at most {most:,} rows in an Excel workbook, got more; {_INSTEAD}"
