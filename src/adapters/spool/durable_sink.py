"""DurableSink: results in unfinished files, synced about once a second, and renamed when they are complete."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.whole_file import translated_write_errors
from foreseen.adapters.spool.finalize import finish
from foreseen.adapters.spool.journal.journal import Extent, Journal, State, Step
from foreseen.adapters.spool.journal.journal_file import JournalFile
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.adapters.spool.run_paths import Places
from foreseen.adapters.spool.spool_file import SpoolFile
from foreseen.domain.tables.notices import RunNotices
from foreseen.domain.tables.table import Piece, Reject, RejectsEncoder, Scored, TableEncoder, Written

STEP_S: Final = 1.0
"""Seconds of results that a crash may lose; one chunk if that takes longer."""
_STEP_SHARE: Final = 0.05
"""Share of the time of a run that syncing may take: on a slow disk it is done less often."""


class DurableSink:
    """Appends to two files, rows and rejects, and records in a journal how much of them is durable.

    The order is: bytes, fsync of both files, a line of the journal, fsync of the journal. So whatever the journal
    records is on the disk, even after a crash, and a resumed run cuts off the rest.
    """

    def __init__(
        self,
        disk: Disk,
        places: Places,
        journal: JournalFile,
        *,
        encoder: TableEncoder,
        rejects_encoder: RejectsEncoder,
        origin: Callable[[], Origin] | None,
        replaces: bool,
        clock: Callable[[], float],
        notices: RunNotices,
    ) -> None:
        """Accept the paths of a run whose journal is locked; call `begin` or `go_on` next.

        Args:
            origin: returns the origin of the run, called before the first step; None if the run cannot be resumed.
            replaces: whether an existing output may be replaced.
            clock: monotonic, in seconds.
            notices: notices of the run; the journal records them with the rows that they are about.
        """
        self.scored = Scored()
        self.pieces: Sequence[Piece] = ()
        self._disk = disk
        self._places = places
        self._journal = journal
        self._encoder = encoder
        self._rejects_encoder = rejects_encoder
        self._origin = origin
        self._replaces = replaces
        self._clock = clock
        self._notices = notices
        self._rows: SpoolFile | None = None
        self._rejects: SpoolFile | None = None
        self._reached = Step(Scored(), Extent(), Extent())
        self._durable: Step | None = None
        self._noted: list[Piece] = []
        self._failed = False
        self._next_step_s = clock() + STEP_S

    @property
    def is_whole(self) -> bool:
        """Whether it holds all rows, so that only `finish` is left to do."""
        return self._reached.state != State.GOING

    @property
    def is_kept(self) -> bool:
        """Whether the unfinished files and the journal allow another run to resume."""
        return self._durable is not None

    def begin(self) -> None:
        """Start over, removing what an earlier run left; raise TableError if a file cannot be written."""
        with self._writing():
            self._journal.begin()
            for path in self._places.unfinished:
                self._disk.remove(path)
            self._rows = SpoolFile.created(self._disk, self._places.partial, replaces=self._places.out)
            self._rows.append(self._encoder.begin())
            if self._places.is_rejects_named:
                self._open_rejects()
            self._reach(Scored())

    def go_on(self, journal: Journal) -> None:
        """Resume from a journal; raise TableError if the files do not match it or cannot be written."""
        step = journal.step
        with self._writing():
            self._journal.go_on(journal)
            is_going = step.state == State.GOING
            # At the end of a run, a file that is missing already has its final name.
            if is_going or (step.state == State.WHOLE and self._places.partial.exists()):
                self._rows = SpoolFile.reopened(self._disk, self._places.partial, step.rows)
            if step.rejects.size and (is_going or self._places.rejects_partial.exists()):
                self._rejects = SpoolFile.reopened(self._disk, self._places.rejects_partial, step.rejects)
            elif is_going:
                self._disk.remove(self._places.rejects_partial)
        self._reached = self._durable = step
        self.scored = step.scored
        self._notices.writing.add(step.notices)
        self.pieces = journal.pieces

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        """Append rows and rejects; sync and record them about once a second."""
        with translated_write_errors(self._places.name):  # a failure here leaves earlier chunks intact
            if rows and self._rows:
                self._rows.append(rows)
            if rejects:
                self._open_rejects().append(self._rejects_encoder.encode(rejects))
        self._reach(scored)
        self._noted = [piece for piece in self._noted if piece.chunk >= scored.chunks]
        if self._clock() >= self._next_step_s:
            self._take_step()

    def note(self, piece: Piece) -> None:
        """Keep a piece of a chunk that is not written yet; record it about once a second."""
        if self._origin is None:
            return
        self._noted.append(piece)
        if self._clock() >= self._next_step_s:
            self._take_step()

    def keep(self) -> None:
        """Keep the unfinished files for another run to resume; raise TableError if they cannot be synced."""
        is_empty = not self.scored.chunks and not self._noted
        is_worthless = self._durable is None and (self._failed or is_empty)
        if self._origin is None or is_worthless:
            self.discard()
            return
        if (self._reached != self._durable or self._noted) and not self._failed:
            self._step_back()
        self._close()

    def discard(self) -> None:
        """Remove the unfinished files; raise TableError if they cannot be removed."""
        with translated_write_errors(self._places.name):
            if self._durable:  # first, so that it never describes files that are gone
                self._journal.begin()
            for path in self._places.unfinished:
                self._disk.remove(path)
            self._journal.remove()
        self._durable = None
        self._close()

    def finish(self) -> None:
        """Rename the files to their final names, after the last row; raise TableError if that fails."""
        with self._writing():
            if not self.is_whole:
                # With the notices of reading as well, since a resumed run does not read again.
                self._reached = replace(self._reached, state=State.WHOLE, notices=tuple(self._notices.listed()))
                self._take_step()
            self._reached = finish(self._disk, self._places, self._reached, self._encoder, self._record,
                                   replaces=self._replaces)  # fmt: skip
            self._journal.remove()
        self._close()

    def _open_rejects(self) -> SpoolFile:
        if self._rejects is None:
            self._rejects = SpoolFile.created(self._disk, self._places.rejects_partial, replaces=self._places.rejects)
            self._rejects.append(self._rejects_encoder.begin())
        return self._rejects

    def _reach(self, scored: Scored) -> None:
        """Note the extent of whole chunks: a chunk counts once its rows and its rejects are written."""
        rows = self._rows.extent if self._rows else Extent()
        rejects = self._rejects.extent if self._rejects else Extent()
        self._reached = Step(scored, rows, rejects, notices=tuple(self._notices.writing.listed()))
        self.scored = scored

    def _step_back(self) -> None:
        """Sync the whole chunks; cutting off the rest makes room for the journal on a full disk."""
        try:
            with self._writing():
                if self._rows:
                    self._rows.cut_back(self._reached.rows)
                if self._rejects:
                    self._rejects.cut_back(self._reached.rejects)
            self._take_step()
        except BaseException:
            if self._durable is None:  # nothing to resume from
                self.discard()
            raise

    def _take_step(self) -> None:
        started = self._clock()
        with self._writing():
            if self._reached != self._durable:
                self._make_durable()
            for piece in self._noted:
                self._journal.note(piece)
            self._noted = []
        now = self._clock()
        self._next_step_s = now + max(STEP_S, (now - started) / _STEP_SHARE)

    def _make_durable(self) -> None:
        if self._origin or self.is_whole:
            for file in (self._rows, self._rejects):
                if file:
                    file.sync()
        self._record(self._reached)

    def _record(self, step: Step) -> None:
        if self._origin:
            self._journal.append(step, origin=self._origin, replaces=self._replaces)
            self._durable = step

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Translate errors, and stop trusting the files: after a failed fsync, the next one may succeed wrongly."""
        try:
            with translated_write_errors(self._places.name):
                yield
        except BaseException:
            self._failed = True
            raise

    def _close(self) -> None:
        for file in (self._rows, self._rejects):
            if file:
                file.close()
        self._journal.close()
