"""PartSink: a part's rows in a file of their own, and its rejects in another if it has any."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from foreseen.domain.table import Reject, RejectsEncoder, Scored, TableEncoder
from foreseen.entrypoints.ray.parts import Place
from foreseen.scoring import ScoringContainer


def part_path(folder: Path, place: Place, ending: str) -> Path:
    """Name the file of a part."""
    return folder / f"part-{place}{ending}"


def rejects_path(folder: Path, place: Place) -> Path:
    """Name the file of a part's rejects, which has no header: all of them become one."""
    return folder / f"rejects-{place}.csv"


class PartSink:
    """Writes as rows come; the files have their names when the block of `part_sink` ends well."""

    def __init__(self, rows: BinaryIO, rejects: BinaryIO, encoder: RejectsEncoder) -> None:
        """Take where both go."""
        self.scored = Scored()
        self._rows = rows
        self._rejects = rejects
        self._encoder = encoder

    def write(self, rows: bytes, rejects: Sequence[Reject], scored: Scored) -> None:
        """Write them at once."""
        self._rows.write(rows)
        if rejects:
            self._rejects.write(self._encoder.encode(rejects))
        self.scored = scored


@contextmanager
def part_sink(
    container: ScoringContainer, encoder: TableEncoder, folder: Path, place: Place, *, ending: str
) -> Iterator[PartSink]:
    """Open the files of a part, in a folder that is there.

    Raises:
        TableError: they cannot be written.
    """
    with ExitStack() as files:
        out: BinaryIO = files.enter_context(container.whole_file(part_path(folder, place, ending)))
        spool = _temporary(files, folder) if encoder.has_to_be_sealed else out
        rejects = _temporary(files, folder)
        spool.write(encoder.begin())
        sink = PartSink(spool, rejects, container.rejects_encoder())
        yield sink
        if encoder.has_to_be_sealed:
            encoder.seal(spool, out)
        if rejects.tell():
            # Before the part itself has its name: a part that is there is all there.
            rejects.seek(0)
            with container.whole_file(rejects_path(folder, place)) as file:
                shutil.copyfileobj(rejects, file)


def _temporary(files: ExitStack, folder: Path) -> BinaryIO:
    return cast("BinaryIO", files.enter_context(tempfile.TemporaryFile(dir=folder)))
