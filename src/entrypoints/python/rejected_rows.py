"""Rows that the command rejected, read from the file that it wrote of them."""

from pathlib import Path

from foreseen.entrypoints.python.errors import RejectedRow

_COLUMNS = ["file", "line", "column", "reason"]


def rejected_rows(folder: Path, *, most: int | None = None) -> list[RejectedRow]:
    """Return the rejects of a run into a folder, in their order; none where it was given another place for them.

    Args:
        most: how many are read; all by default.
    """
    import pandas as pd  # noqa: PLC0415 - for this only

    rows: list[RejectedRow] = []
    for path in sorted(path for path in folder.rglob("*rejects*") if path.is_file()):
        table = pd.read_csv(
            path, usecols=_COLUMNS, nrows=most, dtype=str, keep_default_na=False, encoding_errors="replace"
        )
        rows += [
            RejectedRow(int(line), column, reason, source)
            for source, line, column, reason in table[_COLUMNS].itertuples(index=False)
        ]
    return rows[:most]
