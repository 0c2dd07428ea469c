"""JournalFile: the journal on disk, locked so that one run at a time writes an output."""

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
    """A journal that grows by a line each time results become durable."""

    def __init__(self, disk: Disk, places: Places) -> None:
        """Create the file if it does not exist, and lock it until it is closed.

        Raises:
            TableError: another run has locked it.
            OSError: it cannot be created.
        """
        self._disk = disk
        self._path = places.journal
        self._handle, self.is_new = locked(disk, self._path, name=places.name)
        self._check = ""

    def read(self) -> Journal | None:
        """Return the content of the journal; None if it has no complete step.

        Raises:
            TableError: it has been changed.
        """
        return read_journal(self._data(), name=str(self._path))

    def check(self) -> None:
        """Raise TableError if the file is not a journal."""
        if not is_journal(self._data()):
            raise TableError(f"{self._path}: expected the journal of a run, got another file; remove it yourself")

    def go_on(self, journal: Journal) -> None:
        """Cut off a torn line, and append after the verified ones."""
        self._disk.cut(self._handle, journal.size)
        self._check = journal.check

    def begin(self) -> None:
        """Empty the journal durably, before the files that it describes are removed."""
        self._disk.cut(self._handle, 0)
        self._disk.sync(self._handle)
        self._disk.sync_folder(self._path)
        self._check = ""

    def append(self, step: Step, *, origin: Callable[[], Origin], replaces: bool) -> None:
        """Record durably a step whose bytes are already durable; before the first step, record the run's origin."""
        if not self._check:
            # Synced by itself, so that only the last line of a journal can ever be torn.
            self._write(*origin_line(origin(), replaces=replaces))
        self._write(*step_line(step, self._check))

    def note(self, piece: Piece) -> None:
        """Record a piece durably, after a step."""
        self._write(*piece_line(piece, self._check))

    def remove(self) -> None:
        """Remove the file, durably; call it before the lock is released."""
        self._disk.remove(self._path)
        self._disk.sync_folder(self._path)

    def close(self) -> None:
        """Release the lock."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _data(self) -> bytes:
        return os.pread(self._handle, os.fstat(self._handle).st_size, 0)

    def _write(self, line: bytes, check: str) -> None:
        self._disk.append(self._handle, line)
        self._disk.sync(self._handle)
        self._check = check
