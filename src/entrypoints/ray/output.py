"""The folder that a run on a cluster writes: there whole in the end, or not at all."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from foreseen.domain.errors import TableError, UnwritableError
from foreseen.entrypoints.ray.parts import Place
from foreseen.entrypoints.ray.sink import part_path, rejects_path

_OURS: Final = re.compile(r"\.?(part|rejects)-\d{5,}-\d{5,}\.")
"""Names of what a run leaves in its folder, unfinished files included."""


class PartsFolder:
    """Takes parts under OUT.partial, which becomes OUT; without an end it is removed."""

    def __init__(self, output: Path, rejects: Path | None, *, force: bool) -> None:
        """Look whether it may be written; raises TableError."""
        self._output = output
        self._force = force
        self._is_named = rejects is not None
        self.rejects = rejects or output.with_name(output.name + ".rejects.csv")
        self.folder = output.with_name(output.name + ".partial")
        for path in (output, rejects):
            if path is not None and os.path.lexists(path) and not force:
                raise TableError(f"{path}: expected a new file, got one that exists; --force replaces it")
        if self.rejects.resolve() in (output.resolve(), self.folder.resolve()):
            raise TableError(f"{self.rejects}: expected another file for rejected rows than the input and the output")
        for path in (output, self.folder):
            _check_is_ours(path)

    def __enter__(self) -> Self:
        """Make the folder, which belongs to this run from then on; raises TableError."""
        if self._force:
            _remove(self.folder)
        try:
            self.folder.mkdir()
        except FileExistsError:
            said = "expected no other run that writes there, or is left of one; --force replaces it"
            raise TableError(f"{self.folder}: {said}") from None
        except OSError as exc:
            raise UnwritableError(f"{self._output}: cannot be written: {exc.strerror}") from exc
        return self

    def finish(self, container: Any, places: Sequence[Place], *, ending: str) -> None:
        """Give everything its name, the rejects first: an output that is there is all there; raises TableError."""
        lost = [path for place in places if not (path := part_path(self.folder, place, ending)).is_file()]
        if lost:
            raise TableError(f"{lost[0]}: expected a folder that every machine shares, got a part that is not there")
        self._gather_rejects(container, sorted(places))
        _sync(self.folder)
        old = self._output.with_name(self._output.name + ".replaced")
        try:
            if os.path.lexists(self._output):
                self._output.rename(old)
            self.folder.rename(self._output)
            _sync(self._output.parent)
        except OSError as exc:
            raise UnwritableError(f"{self._output}: cannot be written: {exc.strerror}") from exc
        _remove(old)

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        """Leave nothing of a run that did not finish."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _gather_rejects(self, container: Any, places: Sequence[Place]) -> None:
        found = [path for place in places if (path := rejects_path(self.folder, place)).is_file()]
        if not found and not self._is_named:
            self.rejects.unlink(missing_ok=True)  # what an earlier run left would be taken for this one's
            return
        with container.whole_file(self.rejects) as out:
            out.write(container.rejects_encoder().begin())
            for path in found:
                with path.open("rb") as file:
                    shutil.copyfileobj(file, out)
        for path in found:
            path.unlink()


def _check_is_ours(path: Path) -> None:
    """Refuse to replace a folder that holds anything but parts: --force is no rm -r."""
    if not path.is_dir():
        return
    for name in sorted(entry.name for entry in path.iterdir()):
        if not _OURS.match(name):
            raise TableError(f"{path}: expected a folder of parts to replace, got one that holds {name!r}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make names durable, not only what they name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
