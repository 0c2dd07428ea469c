"""PartsFolder: where the parts of a run are until it is complete, and how they become its output.

OUT.partial holds a journal, a folder that becomes OUT, and a folder of rejects that become one file. The two folders
are named after the run, so that a worker that outlives its killed run cannot write into those of the next.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.whole_file import whole_file
from foreseen.domain.errors import TableError
from foreseen.domain.tables.done_part import DonePart, Place, part_name, rejects_name
from foreseen.domain.tables.table import RejectsEncoder

_PARTS: Final = re.compile(r"\.?(part|rejects)-\d{5,}-\d{5,}\.")
"""Names of what is in a folder of parts, unfinished files included."""
_UNFINISHED: Final = re.compile(r"journal$|(parts|rejects|replaced)-[0-9a-f]+$")
_ID_BYTES: Final = 6


class PartsFolder:
    """The files of a run that writes parts.

    Attributes:
        output: the final folder of parts.
        rejects: the final file of rejected rows.
        is_rejects_named: whether the user named it, and so expects it even without rows.
        unfinished: the folder of all that is unfinished.
        journal: the file that records which parts are done.
        run: the identifier in the names of the run's folders; empty until the run begins or resumes.
    """

    def __init__(self, output: Path, rejects: Path | None, *, ending: str, disk: Disk) -> None:
        """Check the existing folders; raise TableError if one holds anything but parts of a run.

        Args:
            ending: the suffix of parts' names.
        """
        self.output: Final = output
        self.rejects: Final = rejects or output.with_name(output.name + ".rejects.csv")
        self.is_rejects_named: Final = rejects is not None
        self.unfinished: Final = output.with_name(output.name + ".partial")
        self.journal: Final = self.unfinished / "journal"
        self.run = ""
        self._ending = ending
        self._disk = disk
        if os.path.realpath(self.rejects) in map(os.path.realpath, (output, self.unfinished)):
            raise TableError(f"{self.rejects}: expected a rejects file that is neither an input nor the output")
        _check_ours(output, _PARTS)
        _check_ours(self.unfinished, _UNFINISHED)

    @property
    def parts(self) -> Path:
        """The folder that parts are written into."""
        return self.unfinished / f"parts-{self.run}"

    @property
    def rejects_of_parts(self) -> Path:
        """The folder that the rejects of parts are written into."""
        return self.unfinished / f"rejects-{self.run}"

    @property
    def is_named(self) -> bool:
        """Whether the parts of this run have become the output already."""
        return self.output.is_dir() and not self.parts.is_dir()

    def path(self, place: Place) -> Path:
        """Return the file of a part's rows."""
        return self.parts / part_name(place, self._ending)

    def has(self, part: DonePart) -> bool:
        """Return whether the files of a part are there as they were written."""
        rejects = self.rejects_of_parts / rejects_name(part.place)
        return _size(self.path(part.place)) == part.size and _size(rejects) == part.rejects_size

    def begin(self) -> None:
        """Make the folders of a new run, and remove those of any other."""
        for path in self.unfinished.iterdir():
            if path != self.journal:
                _remove(path)
        self.run = secrets.token_hex(_ID_BYTES)
        self.go_on()

    def go_on(self) -> None:
        """Create missing folders, and remove files that workers left unfinished when they died."""
        for folder in (self.parts, self.rejects_of_parts):
            folder.mkdir(exist_ok=True)
        self._disk.sync_folder(self.journal)
        self.sweep()

    def sync(self) -> None:
        """Make the names of the parts and their rejects durable."""
        for folder in (self.parts, self.rejects_of_parts):
            self._disk.sync_folder(folder / "any")

    def sweep(self) -> None:
        """Remove unfinished files, whose names begin with a dot."""
        for folder in (self.parts, self.rejects_of_parts):
            for path in folder.glob(".*"):
                path.unlink(missing_ok=True)

    def finish(self, places: Iterable[Place], encoder: RejectsEncoder) -> None:
        """Rename everything to its final name, rejects first, so that an output that exists is complete."""
        self._gather_rejects(sorted(places), encoder)
        self.sweep()
        self.sync()
        if os.path.lexists(self.output):
            replaced = self.unfinished / f"replaced-{self.run}"
            if os.path.lexists(replaced):  # left by a run killed at this point, after which another output was made
                _remove(replaced)
            self.output.rename(replaced)
        self.parts.rename(self.output)
        self._disk.sync_folder(self.output)

    def discard(self) -> None:
        """Remove the folder of unfinished files, including the journal."""
        shutil.rmtree(self.unfinished, ignore_errors=True)

    def _gather_rejects(self, places: Iterable[Place], encoder: RejectsEncoder) -> None:
        found = [path for place in places if (path := self.rejects_of_parts / rejects_name(place)).is_file()]
        if not found and not self.is_rejects_named:
            self.rejects.unlink(missing_ok=True)  # left by an earlier run, it would be mistaken for this one's
            return
        with whole_file(self.rejects) as out:
            out.write(encoder.begin())
            for path in found:
                with path.open("rb") as file:
                    shutil.copyfileobj(file, out)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _check_ours(path: Path, ours: "re.Pattern[str]") -> None:
    """Raise TableError for a folder that holds anything but parts: `--force` must not delete other files."""
    if not path.is_dir():
        return
    for name in sorted(entry.name for entry in path.iterdir()):
        if not ours.match(name):
            raise TableError(f"{path}: expected a folder of parts to replace, got one that holds {name!r}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
