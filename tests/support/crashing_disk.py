"""A disk on which the process dies before a certain system call, and whose power may fail at that moment."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from foreseen.adapters.spool.disk.disk_calls import Disk

Choose = Callable[[int, int], int]
"""Gives a number from the first to the last of these."""


class Crash(BaseException):
    """The process is dead."""


@dataclass
class _Name:
    """A name that was given, taken or removed, and is not durable: how it was before."""

    folder: Path
    undo: Callable[[], object]


@dataclass
class _Unsynced:
    """What of a file is known to be on the disk: its first bytes; and all that was there when it was synced."""

    safe: int
    synced: bytes


@dataclass
class CrashingDisk(Disk):
    """Dies before the system call of this number, from 1; counts them where it does not.

    It only notes what was synced, so that thousands of runs take seconds.
    """

    dies_at: int = 0
    calls: int = 0
    _paths: dict[int, Path] = field(default_factory=dict)
    _files: dict[Path, _Unsynced] = field(default_factory=dict)
    _names: list[_Name] = field(default_factory=list)

    def die(self) -> None:
        """Close what the dead process had open, its locks with it."""
        for handle in self._paths:
            with suppress(OSError):
                os.close(handle)

    def lose_power(self, choose: Choose) -> None:
        """Leave of what was not synced whatever a disk might: names as before, and files short, empty or half zero."""
        for path, file in self._files.items():
            if path.exists():
                path.write_bytes(_left(file, path.read_bytes(), choose))
        for name in reversed(self._names):  # which of them last, a disk need not say in their order
            if choose(0, 1):
                name.undo()

    def create(self, path: Path, *, replaces: Path | None = None) -> int:
        self._call()
        handle = super().create(path, replaces=replaces)
        self._paths[handle] = path
        self._files[path] = _Unsynced(0, b"")
        self._names.append(_Name(path.parent, lambda: path.unlink(missing_ok=True)))
        return handle

    def open(self, path: Path) -> int:
        self._call()
        handle = super().open(path)
        self._paths[handle] = path
        data = path.read_bytes()
        self._files.setdefault(path, _Unsynced(len(data), data))
        return handle

    def append(self, handle: int, data: bytes | memoryview) -> None:
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            self._call()
            super().append(handle, part)

    def sync(self, handle: int) -> None:
        self._call()
        data = self._paths[handle].read_bytes()
        self._files[self._paths[handle]] = _Unsynced(len(data), data)

    def cut(self, handle: int, size: int) -> None:
        self._call()
        super().cut(handle, size)
        file = self._files[self._paths[handle]]
        file.safe = min(file.safe, size)

    def rename(self, old: Path, new: Path) -> None:
        self._call()
        data, before = old.read_bytes(), new.read_bytes() if new.exists() else None
        moved = self._files.pop(old, None)
        self._files.pop(new, None)
        if moved:
            self._files[new] = moved

        def undo() -> None:
            if not new.exists():
                return
            old.write_bytes(new.read_bytes())
            if before is None:
                new.unlink()
            else:
                new.write_bytes(before)

        assert moved is None or moved.synced == data, f"{old} was renamed before it was durable"
        self._names.append(_Name(new.parent, undo))
        old.replace(new)
        self.sync_folder(new)

    def remove(self, path: Path) -> None:
        self._call()
        if path.exists():
            data = path.read_bytes()
            self._files.pop(path, None)
            self._names.append(_Name(path.parent, lambda: None if path.exists() else path.write_bytes(data)))
        super().remove(path)

    def sync_folder(self, path: Path) -> None:
        self._call()
        self._names = [name for name in self._names if name.folder != path.parent]

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.dies_at:
            raise Crash


def _left(file: _Unsynced, data: bytes, choose: Choose) -> bytes:
    """Return what a power cut may leave of a file: what is safe, and after it anything."""
    after = (data, file.synced)[choose(0, 1)][file.safe :]
    after = after[: choose(0, len(after))]
    whole = choose(0, len(after))
    return data[: file.safe] + after[:whole] + bytes(len(after) - whole)
