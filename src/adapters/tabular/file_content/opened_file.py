"""The files of a table, opened: a path, a URL, or standard input."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from foreseen.adapters.tabular.file_layout import STANDARD
from foreseen.adapters.tabular.remote.remote_files import opened_url
from foreseen.adapters.tabular.remote.urls import is_remote, shown_url
from foreseen.domain.errors import TableError

STANDARD_INPUT: Final = "standard input"


@contextmanager
def opened_file(path: str, standard_input: BinaryIO | None) -> Iterator[BinaryIO]:
    """Open a file to read.

    Args:
        standard_input: None if it is closed.
    Raises:
        TableError: there is none, or it may not be read.
    """
    if path == STANDARD:
        if standard_input is None:
            raise TableError(f"{STANDARD_INPUT}: expected an open stream, got a closed one")
        yield standard_input
        return
    if is_remote(path):
        with opened_url(path) as file:
            yield file
        return
    name = file_name(path)
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below; only opening it is translated
    except FileNotFoundError:
        raise TableError(f"{name}: expected a file of rows, got no such file") from None
    except IsADirectoryError:
        raise TableError(f"{name}: expected a file of rows, got a directory") from None
    except OSError as exc:
        raise TableError(f"{name}: cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # a name that contains a NUL
        raise TableError(f"{path!r}: cannot be read: {exc}") from exc
    with stream:
        yield stream


def file_name(path: str) -> str:
    """Return what to call a file in errors and rejects; bytes of a name that are not UTF-8 are shown escaped."""
    if path == STANDARD:
        return STANDARD_INPUT
    return shown_url(path) if "://" in path else os.fsencode(path).decode(errors="backslashreplace")


def is_opened_again(path: str) -> bool:
    """Return whether a file can be opened more than once: standard input, a pipe or the rows of a query cannot."""
    return is_remote(path) or Path(path).is_file()
