"""The files of a table, opened: a path, or standard input."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from foreseen.adapters.tabular.layout import KIND_NAMES, STANDARD, Kind
from foreseen.domain.errors import TableError

STANDARD_INPUT: Final = "standard input"


@contextmanager
def opened_file(path: str, standard_input: BinaryIO, kind: Kind) -> Iterator[BinaryIO]:
    """Open a file to read; one of which the end has to be read first is copied where it can be, if it comes by a pipe.

    Raises:
        TableError: there is none, or it may not be read.
    """
    if path == STANDARD:
        with _seekable(standard_input, kind) as file:
            yield file
        return
    expected = f"{path}: expected a {KIND_NAMES[kind]} file"
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below; only opening it is translated
    except FileNotFoundError:
        raise TableError(f"{expected}, got no such file") from None
    except IsADirectoryError:
        raise TableError(f"{expected}, got a directory") from None
    except OSError as exc:
        raise TableError(f"{path}: cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # a name that holds a NUL
        raise TableError(f"{path!r}: cannot be read: {exc}") from exc
    with stream, _seekable(stream, kind) as file:
        yield file


def file_name(path: str) -> str:
    """Name a file for whoever reads of it."""
    return STANDARD_INPUT if path == STANDARD else path


@contextmanager
def _seekable(stream: BinaryIO, kind: Kind) -> Iterator[BinaryIO]:
    if kind != "parquet" or stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        yield cast("BinaryIO", file)
