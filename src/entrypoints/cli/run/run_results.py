"""Where the results of a scoring run go: into files that another run can go on with, or to streams."""

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
        """Whether nothing but `finish` is left to do."""

    @property
    def is_kept(self) -> bool:
        """Whether another run could go on from here."""

    def finish(self) -> None:
        """Give the files their names."""

    def keep(self) -> None:
        """Leave what is there for another run."""

    def discard(self) -> None:
        """Leave nothing."""


class FileResults:
    """Files beside the output, which get their names when the block ends well; what becomes of them else depends."""

    def __init__(self, places: Places, *, force: bool, resume: bool) -> None:
        """Have the output for this run alone; raises TableError."""
        self.rejects = places.rejects
        self._partial = places.rejects_partial
        self._claim = Claim(places, force=force, resume=resume)
        self._sink: Kept | None = None

    def __enter__(self) -> Self:
        return self

    def sink(self, encoder: TableEncoder, origin: Callable[[], RunOrigin] | None, notices: RunNotices) -> Kept:
        """Begin or go on; `origin` says what this run is, None that it cannot be gone on with. Raises TableError."""
        self._sink = self._claim.sink(
            encoder,
            rejects_encoder=CsvRejectsEncoder(),
            origin=origin,
            notices=notices,
        )
        return self._sink

    def leave(self) -> None:
        """Wait for no reader any more: files have none."""

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
            with suppress(UnwritableError):  # what went wrong first is what is told
                sink.keep()
        else:
            sink.keep()
        if sink.is_kept:
            exc.add_note(self._advice(exc))

    def _advice(self, exc: BaseException) -> str:
        if isinstance(exc, TooManyRejectsError):
            return f"see {self._partial}; with more of --max-rejects, --resume goes on"
        if isinstance(exc, FailedRowError):
            return "--resume with --on-error reject goes on without it"
        cause = exc.__cause__
        if isinstance(exc, UnwritableError) and isinstance(cause, OSError) and cause.errno in _FULL:
            return "make room and go on with --resume"
        return "the same command with --resume goes on"


class StreamResults:
    """Streams, written as results come."""

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
        """Open them; raises TableError."""
        # Closed in the opposite order, so that an output which is there has its rejects beside it.
        self._files.push(self._undo_rejects)
        stream = self._files.enter_context(output_stream(self._output, self._standard, self._is_left))
        self._files.push(self._note_rejects)
        aside = LateRejects(self._files, self.rejects, is_named=self._is_rejects_named, is_left=self._is_left)
        self._aside = aside
        name = shown_name(self._output, "standard output")
        self._sink = StreamSink(stream, aside.open, name=name, encoder=encoder, rejects_encoder=CsvRejectsEncoder())
        return self._sink

    def leave(self) -> None:
        """Wait for no reader any more: the run is over."""
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
        """Leave no rejects in a store where the output could not be written after them."""
        if exc is not None and self._has_rejects and self.rejects and is_remote(self.rejects):
            remove(self.rejects)


def is_worth_keeping(exc: BaseException) -> bool:
    """Tell whether a run could go on after this: not with an input that is no table, which has to become another."""
    is_written = isinstance(exc, UnwritableError | TooManyRejectsError)
    return is_written or not isinstance(exc, TableError) or _is_trouble_of_the_disk(exc.__cause__)


def _is_trouble_of_the_disk(cause: BaseException | None) -> bool:
    return isinstance(cause, OSError) and cause.errno is not None
