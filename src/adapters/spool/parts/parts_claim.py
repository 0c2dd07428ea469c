"""PartsClaim: exclusive use of an output folder of parts, and the rules for what already exists there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.run_lock import locked
from foreseen.adapters.spool.disk.whole_file import translated_write_errors
from foreseen.adapters.spool.output_claim import finished_already
from foreseen.adapters.spool.parts.parts_folder import PartsFolder
from foreseen.adapters.spool.parts.parts_journal import (
    PartsJournal,
    origin_line,
    part_line,
    read_parts_journal,
    whole_line,
)
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.domain.errors import TableError
from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.table import RejectsEncoder


class PartsClaim:
    """For a folder of parts what Claim is for a file.

    Attributes:
        folder: the folder and its files.
        done: the parts that are scored already, by their place.
    """

    def __init__(
        self,
        output: Path,
        rejects: Path | None,
        *,
        ending: str,
        force: bool,
        resume: bool,
        disk: Disk | None = None,
    ) -> None:
        """Lock the output until it is released, kept, discarded or finished.

        Args:
            rejects: None for a file beside the output that exists only if it has rows.
            ending: the suffix of parts' names.
        Raises:
            TableError: another run has locked it, or it may not be written.
        """
        self._disk = disk or Disk()
        self.folder: Final = PartsFolder(output, rejects, ending=ending, disk=self._disk)
        self.done: dict[Place, DonePart] = {}
        self._force = force
        self._resume = resume
        self._check = ""
        self._is_whole = False
        self._origin: Callable[[], Origin] | None = None
        if not self.folder.journal.exists():
            self._check_free()
        self._handle, self._is_new = self._locked()
        try:
            self._found = self._look()
        except BaseException:
            self.release()
            raise

    @property
    def has_found(self) -> bool:
        """Whether there is an unfinished run to resume."""
        return self._found is not None

    @property
    def is_kept(self) -> bool:
        """Whether there are finished parts, from which another run could resume."""
        return bool(self.done)

    def begin(self, origin: Callable[[], Origin]) -> None:
        """Begin, or resume the run that was found; after this the folder belongs to this run.

        Args:
            origin: returns the origin of this run; called at once only if there is a run to compare it with.
        Raises:
            TableError: the run that was found has another origin, or the folder cannot be written.
        """
        self._origin = origin
        found = self._compared(self._found, origin) if self._found else None
        with translated_write_errors(str(self.folder.output)):
            if found is None:
                self._begin()
            else:
                self._go_on(found)

    def add(self, part: DonePart) -> None:
        """Record a part whose files are complete.

        Raises:
            TableError: its files are not on this machine, or it cannot be recorded.
        """
        if not self.folder.has(part):
            said = "expected a folder that every machine shares, got a part that is not there"
            raise TableError(f"{self.folder.path(part.place)}: {said}")
        with translated_write_errors(str(self.folder.output)):
            self.folder.sync()
            if self._origin is not None and not self._check:
                self._append(origin_line(self._origin(), run=self.folder.run, replaces=self._force))
            self._append(part_line(part, self._check))
        self.done[part.place] = part

    def finish(self, rejects_encoder: RejectsEncoder) -> None:
        """Rename everything to its final name; raise TableError if that fails."""
        with translated_write_errors(str(self.folder.output)):
            if not self._is_whole:
                self._append(whole_line(self._check))
            if not self.folder.is_named:
                self.folder.finish(self.done, rejects_encoder)
        self.discard()

    def keep(self) -> None:
        """Keep the finished parts for another run to resume, and release the lock."""
        self.folder.sweep()
        os.close(self._handle)

    def discard(self) -> None:
        """Remove everything unfinished, and release the lock."""
        self.folder.discard()
        os.close(self._handle)

    def release(self) -> None:
        """Release the lock, and leave everything as it was found."""
        if self._is_new:
            self.folder.discard()
        os.close(self._handle)

    def _locked(self) -> tuple[int, bool]:
        folder = self.folder
        with translated_write_errors(str(folder.output)):
            while True:
                try:
                    folder.unfinished.mkdir(exist_ok=True)
                    return locked(self._disk, folder.journal, name=str(folder.output))
                except FileExistsError:
                    said = "expected a folder of parts, got a file; an unfinished run with another engine leaves one"
                    raise TableError(f"{folder.unfinished}: {said}") from None
                except FileNotFoundError:  # a run has just finished and removed it, unless the parent is missing
                    folder.output.parent.stat()

    def _look(self) -> PartsJournal | None:
        """Return the run to resume; None to begin one."""
        found = self._read()
        if found is None:
            self._check_free()
        elif not self._resume:
            rows = sum(part.scored.rows for part in found.parts.values())
            raise TableError(
                f"{self.folder.output}: expected no unfinished run with this output, got one of {rows:,} rows; "
                "--resume continues it, --force starts over"
            )
        return found

    def _read(self) -> PartsJournal | None:
        """Return the journal, or None to start over; with `force`, a changed journal is no error."""
        if self._force and not self._resume:
            return None
        try:
            return read_parts_journal(self._data(), name=str(self.folder.journal))
        except TableError:
            if self._force:
                return None
            raise

    def _data(self) -> bytes:
        return os.pread(self._handle, os.fstat(self._handle).st_size, 0)

    def _compared(self, found: PartsJournal, origin: Callable[[], Origin]) -> PartsJournal | None:
        difference = found.origin.difference(origin())
        if difference and not self._force:
            raise TableError(f"{self.folder.journal}: {difference}; --force starts over")
        return None if difference else found

    def _begin(self) -> None:
        # Before the files that it records are removed.
        self._disk.cut(self._handle, 0)
        self._disk.sync(self._handle)
        self.folder.begin()

    def _go_on(self, found: PartsJournal) -> None:
        self._disk.cut(self._handle, found.size)  # what follows was torn
        self._check = found.check
        self._force = self._force or found.replaces
        self.folder.run = found.run
        if found.is_whole and self.folder.is_named:
            self.done, self._is_whole = dict(found.parts), True
            return
        self.folder.go_on()
        self.done = {place: part for place, part in found.parts.items() if self.folder.has(part)}
        self._is_whole = found.is_whole and len(self.done) == len(found.parts)

    def _append(self, line: tuple[bytes, str]) -> None:
        data, self._check = line
        self._disk.append(self._handle, data)
        self._disk.sync(self._handle)

    def _check_free(self) -> None:
        folder = self.folder
        if self._resume and not self._force and folder.output.is_dir():
            raise finished_already(str(folder.output))
        for path in (folder.output, folder.rejects if folder.is_rejects_named else None):
            if path is not None and os.path.lexists(path) and not self._force:
                raise TableError(f"{path}: expected a new file, got one that exists; --force replaces it")
