"""PartSink: a part's rows in a file of their own, and its rejects in another if it has any."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from foreseen.domain.tables.done_part import Place, part_name, rejects_name
from foreseen.domain.tables.table import Reject, RejectsEncoder, Scored, TableEncoder, Written
from foreseen.wiring.files import CsvRejectsEncoder, whole_file


@dataclass(frozen=True, slots=True)
class PartFolders:
    """The existing folders for the files of parts.

    Attributes:
        ending: the suffix of parts' names.
    """

    parts: Path
    rejects: Path
    ending: str

    def part(self, place: Place) -> Path:
        """Return the file of a part's rows."""
        return self.parts / part_name(place, self.ending)

    def rejects_of(self, place: Place) -> Path:
        """Return the file of a part's rejects."""
        return self.rejects / rejects_name(place)


class PartSink:
    """Writes rows as they come; the files are renamed when the block of `part_sink` ends without an error."""

    def __init__(self, rows: BinaryIO, rejects: BinaryIO, encoder: RejectsEncoder) -> None:
        """Accept the streams of rows and of rejects."""
        self.scored = Scored()
        self._rows = rows
        self._rejects = rejects
        self._encoder = encoder

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        """Write the rows and the rejects of a chunk."""
        self._rows.write(rows)
        if rejects:
            self._rejects.write(self._encoder.encode(rejects))
        self.scored = scored


@contextmanager
def part_sink(encoder: TableEncoder, folders: PartFolders, place: Place) -> Iterator[PartSink]:
    """Open the files of a part.

    Raises:
        TableError: they cannot be written.
    """
    with ExitStack() as files:
        out = files.enter_context(whole_file(folders.part(place)))
        spool = _temporary(files, folders.parts) if encoder.has_to_be_sealed else out
        rejects = _temporary(files, folders.rejects)
        spool.write(encoder.begin())
        sink = PartSink(spool, rejects, CsvRejectsEncoder())
        yield sink
        if encoder.has_to_be_sealed:
            encoder.seal(spool, out)
        if rejects.tell():
            # Before the part itself gets its name, so that a part that exists is complete.
            rejects.seek(0)
            with whole_file(folders.rejects_of(place)) as file:
                shutil.copyfileobj(rejects, file)


def _temporary(files: ExitStack, folder: Path) -> BinaryIO:
    return cast("BinaryIO", files.enter_context(tempfile.TemporaryFile(dir=folder)))
