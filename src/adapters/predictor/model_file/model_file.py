"""ModelFile: a model file, opened once, and only if no other user can change it."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import BinaryIO

from foreseen.adapters.predictor.formats.model_folders import folder_format
from foreseen.adapters.predictor.model_file.checked_reader import BLOCK_BYTES, CheckedReader, block_digests
from foreseen.adapters.predictor.model_file.name_hint import name_hint
from foreseen.adapters.predictor.model_file.ownership import all_access
from foreseen.adapters.predictor.model_file.ownership_fix import revoking_command
from foreseen.domain.errors import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that is open, and what it held when it was opened.

    Attributes:
        path: where it is.
        digest: 32 bytes, of all that it holds.
        content: reads what was digested, from the start; raises ModelUnavailableError if the file was changed since.
        folder: the folder around it that was named instead; then the digest is that of the folder.
        names: of all files in that folder, relative to it.
    """

    path: Path
    digest: bytes
    content: BinaryIO = field(repr=False)
    folder: Path | None = None
    names: frozenset[str] = frozenset()

    @property
    def named(self) -> Path:
        """What the settings name: the file, or the folder around it."""
        return self.folder or self.path


@contextmanager
def open_model_file(path: Path, *, pinned_sha256: str | None = None) -> Iterator[ModelFile]:
    """Open a model file that is about to be unpickled, which runs whatever its writer put into it.

    Args:
        pinned_sha256: the digest that the file must have, in lower-case hex; with it, permissions are not checked.
    Raises:
        ModelUnavailableError: missing, not a file, writable for other users, or of another digest.
    """
    with _opened(path) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ModelUnavailableError(f"{path}: expected a model file, got something other than a regular file")
        if pinned_sha256 is None:
            _require_private(path, file)
        try:
            digests, size = block_digests(file), file.tell()
        except OSError as exc:
            raise _unreadable(path, exc) from exc
        checked = CheckedReader(file, digests, size=size, path=path)
        content: BinaryIO = io.BufferedReader(checked, buffer_size=BLOCK_BYTES)
        if pinned_sha256 is not None:
            _reject_unless_pinned(path, content, pinned_sha256)
        yield ModelFile(path, sha256(b"".join(digests)).digest(), content)


def _require_private(path: Path, file: BinaryIO) -> None:
    """Check the permissions at the path, and that the file opened is the one there: it may have been replaced."""
    try:
        require_private(path, "model file", otherwise=", or pin the file with --model-sha256")
        is_same = os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    if not is_same:
        raise ModelUnavailableError(
            f"{path}: expected a file that is not replaced while it is read, got another one; try again"
        )


def _opened(path: Path) -> BinaryIO:
    try:
        # O_NONBLOCK: a named pipe without a writer would block.
        return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    except FileNotFoundError:
        raise ModelUnavailableError(f"{path}: expected a model file, got no such file{name_hint(path)}") from None
    except IsADirectoryError:
        found = folder_format(path)
        raise ModelUnavailableError(f"{path}: expected a model file, got {found.name}; try: {found.advice}") from None
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: Path, exc: OSError) -> ModelUnavailableError:
    return ModelUnavailableError(f"{path}: expected a readable model file: {exc.strerror}")


def _reject_unless_pinned(path: Path, content: BinaryIO, pinned: str) -> None:
    digest = sha256()
    for block in iter(lambda: content.read(BLOCK_BYTES), b""):
        digest.update(block)
    content.seek(0)
    if not compare_digest(digest.hexdigest(), pinned):
        raise ModelUnavailableError(f"{path}: expected SHA-256 {pinned}, got {digest.hexdigest()}; nothing was loaded")


def require_private(path: Path, what: str, *, otherwise: str = "") -> None:
    """Reject a file that decides what is run or answered if another user could change it.

    Args:
        what: what the file is, as the message calls it: "model file", "sidecar".
        otherwise: another remedy, which ends the message.
    Raises:
        ModelUnavailableError: somebody else may write to the file, or put another one in its place.
    """
    found = list(all_access(path))
    if not found:
        return
    who, place = found[0].who, found[0].place
    is_by_file = not place.is_dir() and not place.is_symlink()
    if is_by_file:
        expected = f"expected a {what} that only you may write to, since it decides what is run and answered"
        raise ModelUnavailableError(f"{path}: {expected}, but {who} may too; try: {revoking_command(found)}{otherwise}")
    raise ModelUnavailableError(
        f"{path}: expected a {what} that only you may replace, but {who} may too, by way of {place}; "
        f"try: {revoking_command(found)}, or move the file into a folder of your own{otherwise}"
    )
