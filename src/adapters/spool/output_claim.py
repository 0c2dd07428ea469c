"""Claim: exclusive use of an output file, and the rules for what already exists there."""

import time
from collections.abc import Callable
from contextlib import suppress

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.output_trial import try_folder_of
from foreseen.adapters.spool.disk.whole_file import translated_write_errors
from foreseen.adapters.spool.durable_sink import DurableSink
from foreseen.adapters.spool.journal.journal import Journal
from foreseen.adapters.spool.journal.journal_file import JournalFile
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.adapters.spool.run_paths import Places
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import RunNotices
from foreseen.domain.tables.table import RejectsEncoder, TableEncoder


class Claim:
    """Decides whether a run may begin or resume, before its model is loaded, and makes its sink afterwards.

    An existing output is replaced only with `force`. An unfinished run is continued with `resume` and started over with
    `force`; with both it is continued if it is the same run, and started over otherwise.
    """

    def __init__(
        self,
        places: Places,
        *,
        force: bool,
        resume: bool,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Lock the output until it is released, or until its sink is closed.

        Raises:
            TableError: another run has locked it, or it may not be written.
        """
        self._places = places
        self._force = force
        self._resume = resume
        self._disk = disk or Disk()
        self._clock = clock
        if not _is_begun(places):
            check_free(places, force=force, resume=resume)
        with translated_write_errors(places.name):
            self._journal = JournalFile(self._disk, places)
        try:
            self._found = self._look()
        except BaseException:
            self.release()
            raise

    def sink(
        self,
        encoder: TableEncoder,
        *,
        rejects_encoder: RejectsEncoder,
        origin: Callable[[], Origin] | None,
        notices: RunNotices | None = None,
    ) -> DurableSink:
        """Begin or resume, and return the sink, which owns the output from here on.

        Args:
            origin: returns the origin of this run; None if it cannot be resumed. Called at once only if there is a
                run to compare it with.
            notices: notices of the run, to which those of a resumed run are added.
        Raises:
            TableError: the unfinished run has another origin, or the output cannot be written.
        """
        found = self._found if origin is None else self._compared(origin)
        sink = DurableSink(
            self._disk,
            self._places,
            self._journal,
            encoder=encoder,
            rejects_encoder=rejects_encoder,
            origin=origin,
            replaces=self._force or (found is not None and found.replaces),
            clock=self._clock,
            notices=notices or RunNotices(),
        )
        if found is not None:
            sink.go_on(found)
            return sink
        try:
            sink.begin()
        except TableError:
            with suppress(TableError):
                sink.discard()
            raise
        return sink

    def release(self) -> None:
        """Release the lock, and leave everything as it was found."""
        if self._journal.is_new:
            self._journal.remove()
        self._journal.close()

    def _look(self) -> Journal | None:
        """Return the run to resume; None to begin one."""
        self._journal.check()
        found = self._read()
        if found is None:
            check_free(self._places, force=self._force, resume=self._resume)
        elif not self._resume:
            raise TableError(
                f"{self._places.name}: expected no unfinished run with this output, "
                f"got one of {found.step.scored.rows:,} rows; --resume continues it, --force starts over"
            )
        return found

    def _read(self) -> Journal | None:
        """Return the journal, or None to start over; with `force`, a changed journal is no error."""
        if not self._force:
            return self._journal.read()
        if not self._resume:
            return None
        with suppress(TableError):
            return self._journal.read()
        return None

    def _compared(self, origin: Callable[[], Origin]) -> Journal | None:
        difference = self._found.origin.difference(origin()) if self._found else ""
        if difference and not self._force:
            raise TableError(f"{self._places.journal}: {difference}; --force starts over")
        return None if difference else self._found


def check_free(places: Places, *, force: bool, resume: bool = False) -> None:
    """Raise TableError if a new run would replace a file, unless with `force`.

    Args:
        resume: whether the user wanted to continue an unfinished run, of which there is none.
    """
    if resume and not force and places.out.is_file():
        raise finished_already(places.name)
    for path, name in ((places.out, places.name), (places.rejects, str(places.rejects))):
        if path.is_dir():
            raise TableError(f"{name}: expected a file to write, got a directory")
        if path.exists() and not force:
            raise TableError(f"{name}: expected a new file, got one that exists; --force replaces it")
    if not _is_begun(places) and not force:
        for path in places.unfinished:
            if path.exists():
                raise TableError(f"{path}: expected no such file, since it would be overwritten; --force overwrites it")


def finished_already(name: str) -> TableError:
    """Return the error for an output that is finished where an unfinished run was expected.

    It does not count as success: the input, model and options of that output are no longer recorded.
    """
    got = "got one that is complete; --force scores it again"
    return TableError(f"{name}: expected an unfinished run to resume, {got}")


def try_claim(places: Places, *, force: bool) -> None:
    """Check that a run could claim its files, without changing anything; an unfinished run is not read.

    Raises:
        TableError: the run could not claim them.
    """
    if not _is_begun(places):
        check_free(places, force=force)
    for path in (places.out, places.rejects):
        try_folder_of(path)


def _is_begun(places: Places) -> bool:
    """Return whether there is a journal; raise UnwritableError for a name that no file can have, such as a long one."""
    for path, name in (
        (places.out, places.name),
        *((path, str(path)) for path in (places.rejects, *places.unfinished)),
    ):
        with translated_write_errors(name):
            path.exists()
    with translated_write_errors(places.name):
        return places.journal.exists()
