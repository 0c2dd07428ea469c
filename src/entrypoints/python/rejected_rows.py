"""Rows that the command rejected, read from the files that it wrote of them."""

from pathlib import Path
from typing import Final

from foreseen.entrypoints.python.python_errors import RejectedRow

_COLUMNS: Final = ("file", "line", "column", "reason", "row")
"""The columns of such a file; of a part, whose run was broken off, the first line does not name them."""


def rejected_rows(folder: Path, *, most: int | None = None) -> list[RejectedRow]:
    """Return the rejects of a run into a folder, in their order; none where it was given another place for them.

    Args:
        most: how many are read; all by default.
    """
    rows: list[RejectedRow] = []
    for path in sorted(path for path in folder.rglob("*rejects*") if path.is_file() and path.stat().st_size):
        rows += _rows(path, most)
    return rows[:most]


def _rows(path: Path, most: int | None) -> list[RejectedRow]:
    import pandas as pd  # noqa: PLC0415 - for this only

    table = pd.read_csv(
        path,
        header=None,
        names=_COLUMNS,
        usecols=_COLUMNS[:-1],
        nrows=None if most is None else most + 1,
        dtype=str,
        keep_default_na=False,
        encoding_errors="replace",
    )
    found = table.itertuples(index=False, name=None)
    return [RejectedRow(int(line), column, reason, file) for file, line, column, reason in found if line != "line"]
