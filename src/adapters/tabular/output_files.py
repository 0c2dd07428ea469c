"""Output files by name, on this machine or in a store: tried before a run, and complete or absent after it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import BinaryIO

from foreseen.adapters.spool.disk import output_trial
from foreseen.adapters.spool.disk.whole_file import whole_file
from foreseen.adapters.tabular.remote.remote_output import check_new, check_replaceable, remote_file
from foreseen.adapters.tabular.remote.urls import is_remote, shown_url
from foreseen.domain.errors import TableError


def output_file(name: str, is_left: Event | None = None) -> AbstractContextManager[BinaryIO]:
    """Open a file to write, which appears when the block ends well; raise TableError if it cannot be written.

    Args:
        is_left: set when the run has ended, which then no longer waits for the reader of a pipe; None to wait.
    """
    return remote_file(name) if is_remote(name) else whole_file(Path(name), is_left)


def try_output(name: str, *, inputs: Sequence[str], force: bool) -> None:
    """Raise TableError if an output in a store could not be written."""
    if name in inputs:
        raise TableError(f"{shown_url(name)}: expected an output that is not an input")
    check_new(name, force=force)


def try_rejects(name: str, *, force: bool) -> None:
    """Raise TableError if rejected rows could not be written."""
    if is_remote(name):
        check_new(name, force=force)
    else:
        output_trial.try_folder_of(Path(name))


def try_summary(name: str, *, taken: Sequence[str], replaces: bool) -> None:
    """Check that a summary could be written; it replaces an earlier summary, and another file only with `replaces`.

    Args:
        taken: names of the files that the run reads or writes.
    Raises:
        TableError: it could not.
    """
    if not is_remote(name):
        output_trial.try_summary(Path(name), taken=map(Path, taken), replaces=replaces)
        return
    shown = shown_url(name)
    if name in taken:
        raise TableError(f"{shown}: expected a summary file that is neither an input nor an output")
    is_right = check_replaceable(name, output_trial.is_summary, most_bytes=output_trial.LARGEST_SUMMARY_BYTES)
    if not is_right and not replaces:
        raise output_trial.other_than_summary(shown)
