"""Processes that carry a mark in their environment: all that a command has started, also those whose parent is gone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from support.process_facts import is_gone

_MARK: Final = "TEST_MARK"


@dataclass(frozen=True)
class Mark:
    """A mark, and a folder for all that is temporary.

    Attributes:
        folder: with a short name, since sockets lie in it.
        env: what a command is started with.
    """

    folder: Path
    env: dict[str, str]

    def processes(self) -> list[int]:
        """Return the processes that carry the mark and have not ended."""
        wanted = f"{_MARK}={self.env[_MARK]}".encode()
        found = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if wanted in _read(path)]
        return [pid for pid in found if not is_gone(pid)]

    def left(self) -> list[str]:
        """Return what is left of a command: its processes, and its temporary files."""
        return [*map(str, self.processes()), *(path.name for path in self.folder.iterdir())]


@contextmanager
def marked() -> Iterator[Mark]:
    """Make a mark of its own."""
    with tempfile.TemporaryDirectory(prefix="m-") as folder:
        yield Mark(Path(folder), {_MARK: uuid4().hex, "TMPDIR": folder})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""
