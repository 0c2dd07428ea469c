"""Artefact: the bytes of a model file, read once, and only from a file that nobody else can change."""

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from foreseen.adapters.predictor.loading.ownership import Access, access_on_the_way, access_to_file, user_name
from foreseen.domain.errors import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model file as it was read.

    Attributes:
        path: where it was.
        content: all of its bytes; what is digested is what is loaded, whatever happens to the file meanwhile.
    """

    path: Path
    content: bytes


def read_artefact(path: Path, *, pinned_sha256: str | None = None) -> Artefact:
    """Read a model file that is about to be unpickled, which runs whatever its writer put into it.

    Args:
        pinned_sha256: the hex digest that the file must have; with it, who may write to the file does not matter.
    Raises:
        ModelUnavailableError: missing, not a file, writable for other users, or not the file that was pinned.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelUnavailableError(f"{path}: expected a model file, got something that is no ordinary file")
            if pinned_sha256 is None:
                refuse_unless_private(path, "model file", otherwise=", or pin the file by --model-sha256")
            content = file.read()
    except FileNotFoundError:
        raise ModelUnavailableError(f"{path}: expected a model file, got no such file") from None
    except IsADirectoryError:
        raise ModelUnavailableError(f"{path}: expected a model file, got a directory") from None
    except OSError as exc:
        raise ModelUnavailableError(f"{path}: expected a readable model file: {exc.strerror}") from exc
    if pinned_sha256 is not None and not compare_digest(digest := sha256(content).hexdigest(), pinned_sha256.lower()):
        raise ModelUnavailableError(
            f"{path}: expected SHA-256 {pinned_sha256.lower()}, got {digest}; nothing was loaded"
        )
    return Artefact(path, content)


def refuse_unless_private(path: Path, what: str, *, otherwise: str = "") -> None:
    """Refuse a file that decides what is run or answered if another user could change it.

    Args:
        what: what the file is, as the message calls it: "model file", "sidecar".
        otherwise: what else helps, as the end of the message.
    Raises:
        ModelUnavailableError: somebody else may write to the file, or put another one in its place.
    """
    if found := access_to_file(path, path.stat()):
        raise ModelUnavailableError(
            f"{path}: expected a {what} that only you may write to, since it decides what is run and answered, but "
            f"{found.who} may too; try: {_advice(found)}{otherwise}"
        )
    if found := access_on_the_way(path):
        raise ModelUnavailableError(
            f"{path}: expected a {what} that only you may replace, but {found.who} may too, by way of {found.place}; "
            f"try: {_advice(found, or_move=True)}{otherwise}"
        )


def _advice(found: Access, *, or_move: bool = False) -> str:
    """Return what keeps others out: a command, with a word where only root may run it."""
    me = os.geteuid()
    is_mine = me in (0, found.place.lstat().st_uid)
    if found.is_by_owner:
        command = f"chown {'-h ' if found.place.is_symlink() else ''}{user_name(me).split()[-1]} {found.place}"
    else:
        command = f"chmod go-w {found.place}"
    return f"{command}{'' if is_mine else ' (as root)'}{', or move the file into a folder of your own' * or_move}"
