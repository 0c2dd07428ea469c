"""The streams of a scoring run: standard input and output, and a rejects file that is created when needed."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Event
from typing import BinaryIO, TextIO

from foreseen.domain.errors import TableError, UnwritableError
from foreseen.domain.tables.table import Reject
from foreseen.entrypoints.cli.run.run_files import STANDARD
from foreseen.wiring.files import CsvRejectsEncoder, output_file, waited_for


def standard_input() -> BinaryIO | None:
    """Return the stream of standard input; None if it is closed, as it may be in a service."""
    return None if sys.stdin is None else sys.stdin.buffer


def shown_name(given: str, standard: str) -> str:
    """Return the name of a file for errors: `standard` for `-`."""
    return standard if given == STANDARD else given


def output_stream(output: str, standard: TextIO, is_left: Event) -> AbstractContextManager[BinaryIO]:
    """Open a stream to write results to, which may be standard output; raise TableError if that fails.

    Args:
        is_left: set when the run is over, after which a write no longer waits for a reader.
    """
    if output == STANDARD:
        return _standard_output(standard, is_left)
    return output_file(output, is_left)


@contextmanager
def _standard_output(standard: TextIO, is_left: Event) -> Iterator[BinaryIO]:
    """Yield standard output, and flush it here: an error of the flush at exit would not be reported."""
    if sys.__stdout__ is None:
        raise UnwritableError("standard output: expected an open stream, got a closed one")
    stream: BinaryIO = waited_for(standard.buffer, is_left)
    yield stream
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise UnwritableError(f"standard output: cannot be written: {exc.strerror}") from exc


class LateRejects:
    """The rejects file, created for the first rejected row, or at once if it was named."""

    def __init__(self, files: ExitStack, name: str | None, *, is_named: bool, is_left: Event) -> None:
        self._name = name
        self._files = files
        self._is_left = is_left
        self._stream: BinaryIO | None = self._opened(name) if is_named and name is not None else None

    @property
    def is_open(self) -> bool:
        """Whether the file has been created."""
        return self._stream is not None

    def open(self, first: Reject) -> BinaryIO:
        """Return the stream of rejects; raise TableError if there is no file for them."""
        if self._name is None:
            place = f"{first.source}, line {first.line}" + (f", column {first.column}" if first.column else "")
            raise TableError(f"{place}: {first.reason}; name a file with --rejects to continue without such rows")
        self._stream = self._stream or self._opened(self._name)
        return self._stream

    def _opened(self, name: str) -> BinaryIO:
        stream = self._files.enter_context(output_file(name, self._is_left))
        stream.write(CsvRejectsEncoder().begin())
        return stream
