"""Rows that the command rejected, read from its rejects files."""

from pathlib import Path
from typing import Final

from foreseen.entrypoints.python.python_errors import RejectedRow

_COLUMNS: Final = ("file", "line", "column", "reason", "row")
"""The columns of a rejects file; a part left by an interrupted run on a cluster has no header."""


def rejected_rows(folder: Path, *, most: int | None = None) -> list[RejectedRow]:
    """Return the rejected rows of a run with its output in a folder, in order; none if its rejects went elsewhere.

    Args:
        most: maximum number of rows to read; all by default.
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
