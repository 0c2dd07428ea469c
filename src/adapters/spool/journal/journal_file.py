"""JournalFile: the journal where it lies, locked, so that one run at a time writes an output."""

import os
from collections.abc import Callable

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.run_lock import locked
from foreseen.adapters.spool.journal.journal import (
    Journal,
    Step,
    is_journal,
    origin_line,
    piece_line,
    read_journal,
    step_line,
)
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.adapters.spool.run_paths import Places
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Piece


class JournalFile:
    """A journal that grows by a line each time that something became durable."""

    def __init__(self, disk: Disk, places: Places) -> None:
        """Make it if it is not there, and lock it until it is closed.

        Raises:
            TableError: another run has it.
            OSError: it cannot be made.
        """
        self._disk = disk
        self._path = places.journal
        self._handle, self.is_new = locked(disk, self._path, name=places.name)
        self._check = ""

    def read(self) -> Journal | None:
        """Give what it tells, None where that is nothing.

        Raises:
            TableError: it has been changed.
        """
        return read_journal(self._data(), name=str(self._path))

    def check(self) -> None:
        """Raise TableError where it is another file that has this name by chance."""
        if not is_journal(self._data()):
            raise TableError(f"{self._path}: expected the journal of a run, got another file; remove it yourself")

    def go_on(self, journal: Journal) -> None:
        """Cut off what was torn, and go on after the rest."""
        self._disk.cut(self._handle, journal.size)
        self._check = journal.check

    def begin(self) -> None:
        """Make it tell of nothing, before what it told of is removed."""
        self._disk.cut(self._handle, 0)
        self._disk.sync(self._handle)
        self._disk.sync_folder(self._path)
        self._check = ""

    def append(self, step: Step, *, origin: Callable[[], Origin], replaces: bool) -> None:
        """Tell of a step whose bytes are durable, and make that durable; before the first, what the run began with."""
        if not self._check:
            # Made durable by itself, so that only the last line of a journal is ever one that may be torn.
            self._write(*origin_line(origin(), replaces=replaces))
        self._write(*step_line(step, self._check))

    def note(self, piece: Piece) -> None:
        """Record a piece, after a step, and make that durable."""
        self._write(*piece_line(piece, self._check))

    def remove(self) -> None:
        """Remove it, while it is locked."""
        self._disk.remove(self._path)
        self._disk.sync_folder(self._path)

    def close(self) -> None:
        """Let others have it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _data(self) -> bytes:
        return os.pread(self._handle, os.fstat(self._handle).st_size, 0)

    def _write(self, line: bytes, check: str) -> None:
        self._disk.append(self._handle, line)
        self._disk.sync(self._handle)
        self._check = check
