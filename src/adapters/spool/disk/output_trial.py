"""Checks before a run: that its files can be written, and that its summary replaces no other file."""

import errno
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from foreseen.adapters.spool.disk.whole_file import is_stream, translated_write_errors
from foreseen.domain.errors import TableError

SUMMARY_FIELDS: Final = {"model", "fingerprint", "rows", "rejected", "model_rows"}
"""Fields that every summary has; a JSON object without them is another file."""
LARGEST_SUMMARY_BYTES: Final = 1 << 20


def try_folder_of(path: Path) -> None:
    """Check that a file of this name could be written; a pipe or a device is not tried.

    Raises:
        UnwritableError: it could not.
    """
    if is_stream(path) and not path.is_dir():
        return
    with translated_write_errors(str(path)):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        tempfile.TemporaryFile(dir=path.parent).close()  # without a name, where the system supports that


def try_summary(path: Path, *, taken: Iterable[Path], replaces: bool) -> None:
    """Check that a summary could be written; it replaces an earlier summary, and another file only with `replaces`.

    Args:
        taken: files that the run reads or writes, and folders that it reads.
    Raises:
        TableError: it could not be written.
    """
    real = Path(os.path.realpath(path))
    for each in map(Path, map(os.path.realpath, taken)):
        if real == each or (each.is_dir() and real.is_relative_to(each)):
            raise TableError(f"{path}: expected a summary file that is neither an input nor an output")
    try_folder_of(path)
    if path.is_file() and not is_stream(path) and not replaces and not is_summary(_first_bytes(path)):
        raise other_than_summary(str(path))


def other_than_summary(name: str) -> TableError:
    """Return the error for a file that is not a summary, and would be replaced by one."""
    return TableError(
        f"{name}: expected a new file or the summary of an earlier run, got another file; --force replaces it"
    )


def is_summary(data: bytes) -> bool:
    """Return whether a file with these bytes is a summary, or empty."""
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and (not found or found.keys() >= SUMMARY_FIELDS)


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_SUMMARY_BYTES)
    except OSError:
        return b"no summary that can be read"
