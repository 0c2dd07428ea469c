"""Artefact: the bytes of a model file, read once, and only from a file that nobody else can change."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

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
                _refuse_unless_private(path, status)
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


def _refuse_unless_private(path: Path, status: os.stat_result) -> None:
    if who := _others_who_may_write(status):
        raise ModelUnavailableError(
            f"{path}: expected a model file that only you may write to, since loading it runs its code, but {who} may "
            f"too; try: chmod go-w {path}, or pin the file by --model-sha256"
        )
    folder = path.resolve().parent.stat()
    # The sticky bit, as on /tmp, keeps others from putting another file in its place.
    if not folder.st_mode & stat.S_ISVTX and (who := _others_who_may_write(folder)):
        raise ModelUnavailableError(
            f"{path}: expected a model file in a folder that only you may write to, but {who} may too and could "
            f"replace it; try: chmod go-w {path.resolve().parent}, or pin the file by --model-sha256"
        )


def _others_who_may_write(status: os.stat_result) -> str:
    """Name who else may write, or nothing: root may do anything anyway, and a group of one's own is oneself."""
    if status.st_mode & stat.S_IWOTH:
        return "every user"
    if status.st_uid not in (os.geteuid(), 0):  # whatever the mode: an owner may change it
        return f"its owner, {_user_name(status.st_uid)},"
    if status.st_mode & stat.S_IWGRP and (members := _others_in_group(status.st_gid)):
        return f"{members[0]}, of its group,"
    return ""


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _others_in_group(gid: int) -> list[str]:
    ours = {"root", _user_name(os.geteuid())}
    try:
        named = grp.getgrgid(gid).gr_mem
    except KeyError:
        named = []
    members = {*named, *(user.pw_name for user in pwd.getpwall() if user.pw_gid == gid)}
    return sorted(members - ours)
