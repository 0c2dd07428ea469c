"""Files from Python code: scored by the command into a file, or into a temporary one that is read as a frame."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from foreseen.domain.errors import TooManyRejectsError
from foreseen.entrypoints.python.command_process import Line, run_score
from foreseen.entrypoints.python.python_errors import RejectedRowsError
from foreseen.entrypoints.python.rejected_rows import rejected_rows
from foreseen.settings import SettingsError

log = logging.getLogger("foreseen")


def sources_of(data: object) -> list[str] | None:
    """Return file names as a list; None if the data is something else. Raise SettingsError for an empty list."""
    paths = [data] if isinstance(data, str | os.PathLike) else data
    if not isinstance(paths, list | tuple) or not all(isinstance(each, str | os.PathLike) for each in paths):
        return None
    if not paths:
        raise SettingsError("expected at least one file name, got an empty list")
    return [os.fspath(each) for each in paths]


def score_into_file(files: Sequence[str], options: Sequence[str], settings: Mapping[str, object]) -> dict[str, object]:
    """Score files into an output file, and return the summary of the run.

    Args:
        files: the model, and the inputs.
        options: options of the command, including the output.
    Raises:
        ForeseenError: the error that ended the run.
    """
    with TemporaryDirectory(prefix="foreseen-") as folder:
        summary = Path(folder, "summary.json")
        run_score(files, [*options, f"--summary={summary}"], settings, wording=lambda line: str(line["event"]))
        return _summary(summary)


def score_into_frame(files: Sequence[str], options: Sequence[str], settings: Mapping[str, object]) -> object:
    """Score files, and return the rows as a DataFrame of pandas.

    Args:
        files: the model, and the inputs.
    Raises:
        RejectedRowsError: more rows cannot be scored than the options allow.
        ForeseenError: another error ended the run.
    """
    import pandas as pd  # noqa: PLC0415 - for this only

    with TemporaryDirectory(prefix="foreseen-") as folder:
        summary, table = Path(folder, "summary.json"), Path(folder, "out.parquet")
        words = [*options, f"--output={table}", f"--summary={summary}"]
        try:
            run_score(files, words, settings, wording=lambda line: _without_files(line, folder))
        except TooManyRejectsError as exc:
            if rows := rejected_rows(Path(folder)):
                raise RejectedRowsError.of_files(rows) from None
            raise exc from None
        _warn(Path(folder), cast("int", _summary(summary)["rejected"]))
        return pd.read_parquet(table)


def _without_files(line: Line, folder: str) -> str:
    """Return the text of a log line without mentions of temporary files, which are gone when it is read."""
    if str(line.get("rejects", "")).startswith(folder):
        return ""
    said = str(line["event"])
    for note in cast("Sequence[str]", line.get("notes", ())):
        said = said.removesuffix(f"; {note}") if "--resume" in note else said
    return said


def _summary(path: Path) -> dict[str, object]:
    if not path.is_file():  # as after --dry-run
        raise SettingsError("options: expected those of a run that scores files, got those of one that does not")
    summary: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _warn(folder: Path, count: int) -> None:
    """Log the number of rejects and the first of them, since their file is temporary."""
    if rows := rejected_rows(folder, most=1):
        noun = "row" if count == 1 else "rows"
        log.warning("rejected %s %s, the first: %s; rejects='FILE' keeps them", f"{count:,}", noun, rows[0].worded())
