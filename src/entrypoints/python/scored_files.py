"""Files from Python code: scored by the command into another, or into one that is read as a frame and removed."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from foreseen.domain.errors import TooManyRejectsError
from foreseen.entrypoints.python.command_process import Line, run_score
from foreseen.entrypoints.python.python_errors import RejectedRowsError
from foreseen.entrypoints.python.rejected_rows import rejected_rows
from foreseen.settings import SettingsError

log = logging.getLogger("foreseen")


def sources_of(data: Any) -> list[str] | None:
    """Return the names of files; None where the data is something else. Raise SettingsError where there are none."""
    paths = [data] if isinstance(data, str | os.PathLike) else data
    if not isinstance(paths, list | tuple) or not all(isinstance(each, str | os.PathLike) for each in paths):
        return None
    if not paths:
        raise SettingsError("expected the name of a file at least, got an empty list")
    return [os.fspath(each) for each in paths]


def score_into_file(files: Sequence[str], options: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Score files into another, and return the summary of the run.

    Args:
        files: the model, and the inputs.
        options: of the command, the output among them.
    Raises:
        ForeseenError: the error that ended the run.
    """
    with TemporaryDirectory(prefix="foreseen-") as folder:
        summary = Path(folder, "summary.json")
        run_score(files, [*options, f"--summary={summary}"], settings, heard=lambda line: str(line["event"]))
        return _summary(summary)


def score_into_frame(files: Sequence[str], options: Sequence[str], settings: Mapping[str, Any]) -> Any:
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
            run_score(files, words, settings, heard=lambda line: _without_files(line, folder))
        except TooManyRejectsError as exc:
            if rows := rejected_rows(Path(folder)):
                raise RejectedRowsError.of_files(rows) from None
            raise exc from None
        _warn(Path(folder), _summary(summary)["rejected"])
        return pd.read_parquet(table)


def _without_files(line: Line, folder: str) -> str:
    """Return what a line of the command says, without files that are not there when it is read."""
    if str(line.get("rejects", "")).startswith(folder):
        return ""
    said = str(line["event"])
    for note in line.get("notes", ()):
        said = said.removesuffix(f"; {note}") if "--resume" in note else said
    return said


def _summary(path: Path) -> dict[str, Any]:
    if not path.is_file():  # as after --dry-run
        raise SettingsError("options: expected those of a run that scores files, got those of one that does not")
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary


def _warn(folder: Path, count: int) -> None:
    """Log the first reject of some that nothing else keeps."""
    if rows := rejected_rows(folder, most=1):
        noun = "row" if count == 1 else "rows"
        log.warning("rejected %s %s, the first: %s; rejects='FILE' keeps them", f"{count:,}", noun, rows[0].worded())
