"""Where the results of a scoring run go: to files, from which it can be resumed, or to streams."""

import errno
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Event
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

from foreseen.domain.errors import FailedRowError, TableError, TooManyRejectsError, UnwritableError
from foreseen.domain.tables.notices import RunNotices
from foreseen.domain.tables.table import Sink, TableEncoder
from foreseen.entrypoints.cli.run.standard_streams import LateRejects, output_stream, shown_name
from foreseen.wiring.files import Claim, CsvRejectsEncoder, Places, RunOrigin, StreamSink, is_remote, remove

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Kept(Sink, Protocol):
    """A sink whose files outlive the run."""

    @property
    def is_whole(self) -> bool:
        """Whether only `finish` is left to do."""

    @property
    def is_kept(self) -> bool:
        """Whether another run could resume from the unfinished files."""

    def finish(self) -> None:
        """Rename the files to their final names."""

    def keep(self) -> None:
        """Keep the unfinished files for another run."""

    def discard(self) -> None:
        """Remove the unfinished files."""


class FileResults:
    """Unfinished files, renamed when the block ends without an error; an error decides whether they are kept."""

    def __init__(self, places: Places, *, force: bool, resume: bool) -> None:
        """Claim the output for this run; raise TableError if that is not possible."""
        self.rejects = places.rejects
        self._partial = places.rejects_partial
        self._claim = Claim(places, force=force, resume=resume)
        self._sink: Kept | None = None

    def __enter__(self) -> Self:
        return self

    def sink(self, encoder: TableEncoder, origin: Callable[[], RunOrigin] | None, notices: RunNotices) -> Kept:
        """Begin or resume, and return the sink; raise TableError if neither is possible.

        Args:
            origin: returns the origin of the run; None if it cannot be resumed later.
        """
        self._sink = self._claim.sink(
            encoder,
            rejects_encoder=CsvRejectsEncoder(),
            origin=origin,
            notices=notices,
        )
        return self._sink

    def leave(self) -> None:
        """Do nothing: files have no readers to wait for."""

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if self._sink is None:
            self._claim.release()
        elif exc is None:
            try:
                self._sink.finish()
            except BaseException as failure:
                self._leave(self._sink, failure)
                raise
        else:
            self._leave(self._sink, exc)

    def _leave(self, sink: Kept, exc: BaseException) -> None:
        if not is_worth_keeping(exc):
            sink.discard()
            return
        if isinstance(exc, Exception):
            with suppress(UnwritableError):  # the first error is the one to report
                sink.keep()
        else:
            sink.keep()
        if sink.is_kept:
            exc.add_note(self._advice(exc))

    def _advice(self, exc: BaseException) -> str:
        if isinstance(exc, TooManyRejectsError):
            return f"see {self._partial}; with a larger --max-rejects, --resume continues"
        if isinstance(exc, FailedRowError):
            return "--resume with --on-error reject continues without it"
        cause = exc.__cause__
        if isinstance(exc, UnwritableError) and isinstance(cause, OSError) and cause.errno in _FULL:
            return "make room and continue with --resume"
        return "the same command with --resume continues"


class StreamResults:
    """Results written to streams as they come."""

    def __init__(self, output: str, rejects: str | None, standard: TextIO, *, is_rejects_named: bool) -> None:
        self.rejects = rejects
        self._output = output
        self._is_rejects_named = is_rejects_named
        self._standard = standard
        self._files = ExitStack()
        self._sink: StreamSink | None = None
        self._aside: LateRejects | None = None
        self._has_rejects = False
        self._is_left = Event()

    def __enter__(self) -> Self:
        return self

    def sink(self, encoder: TableEncoder, _: object, __: object) -> Sink:
        """Open the streams, and return the sink; raise TableError if one cannot be written."""
        # Closed in the opposite order, so that no output exists without its rejects.
        self._files.push(self._undo_rejects)
        stream = self._files.enter_context(output_stream(self._output, self._standard, self._is_left))
        self._files.push(self._note_rejects)
        aside = LateRejects(self._files, self.rejects, is_named=self._is_rejects_named, is_left=self._is_left)
        self._aside = aside
        name = shown_name(self._output, "standard output")
        self._sink = StreamSink(stream, aside.open, name=name, encoder=encoder, rejects_encoder=CsvRejectsEncoder())
        return self._sink

    def leave(self) -> None:
        """Stop waiting for readers, since the run has ended."""
        self._is_left.set()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        with self._files:
            if exc is None and self._sink is not None:
                self._sink.finish()
            else:
                if self._sink is not None:
                    self._sink.discard()
                self._files.__exit__(kind, exc, at)

    def _note_rejects(self, _: object, exc: BaseException | None, __: object) -> None:
        self._has_rejects = exc is None and self._aside is not None and self._aside.is_open

    def _undo_rejects(self, _: object, exc: BaseException | None, __: object) -> None:
        """Remove rejects from a store if the output could not be written after them."""
        if exc is not None and self._has_rejects and self.rejects and is_remote(self.rejects):
            remove(self.rejects)


def is_worth_keeping(exc: BaseException) -> bool:
    """Return whether a run can be resumed after an error: not if the input caused it, which then has to change."""
    is_written = isinstance(exc, UnwritableError | TooManyRejectsError)
    return is_written or not isinstance(exc, TableError) or _is_disk_error(exc.__cause__)


def _is_disk_error(cause: BaseException | None) -> bool:
    return isinstance(cause, OSError) and cause.errno is not None
