"""InputDigests: sizes and SHA-256 of the inputs of a run, computed in a thread."""

import os
from collections.abc import Sequence
from concurrent.futures import Future
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Final

from foreseen.adapters.spool.run_identity.run_identity import InputDigest
from foreseen.domain.errors import TableError

_BLOCK_BYTES: Final = 1 << 20

_Seen = tuple[int, int, int, int]


class InputDigests:
    """Digests the inputs in a thread of its own; a gigabyte takes one core about a second."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Start the thread; must be called before these files are opened for reading."""
        self._paths = tuple(paths)
        self._seen = [_look(path) for path in paths]
        self._digests: Future[tuple[InputDigest, ...]] = Future()
        Thread(target=self._run, name="input-digests", daemon=True).start()

    def __call__(self) -> tuple[InputDigest, ...]:
        """Wait for the digests, and return them in the order of the paths.

        Raises:
            TableError: an input cannot be read, or was replaced before it was digested.
        """
        return self._digests.result()

    def check(self) -> None:
        """Raise TableError if an input has changed since it was digested: then it is unknown which content was read."""
        for path, seen, digest in zip(self._paths, self._seen, self(), strict=True):
            now = _look(path)
            # A removed input has not changed: it was open, and was read to its end.
            if now not in (seen, None) and _digest(path, now) != digest:
                raise TableError(f"{path}: expected the file as it was when the run began, got a changed one")

    def _run(self) -> None:
        try:
            self._digests.set_result(tuple(map(_digest, self._paths, self._seen)))
        except BaseException as exc:  # noqa: BLE001 - raised to the caller that waits
            self._digests.set_exception(exc)


def _look(path: Path) -> _Seen | None:
    try:
        return _seen(path.stat())
    except OSError:  # raised again when the input is opened
        return None


def _seen(status: os.stat_result) -> _Seen:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _digest(path: Path, seen: _Seen | None) -> InputDigest:
    digest, size, block = sha256(), 0, bytearray(_BLOCK_BYTES)
    try:
        with path.open("rb", buffering=0) as file:
            if _seen(os.fstat(file.fileno())) != seen:
                raise TableError(f"{path}: expected a file that does not change while it is read, got one that did")
            while count := file.readinto(block):
                digest.update(memoryview(block)[:count])
                size += count
    except OSError as exc:
        raise TableError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    return InputDigest(str(path), size, digest.hexdigest())
