"""Ownership: who else may change a file, by its mode, its access control list and the folders above it."""

import grp
import os
import pwd
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple


class Access(NamedTuple):
    """A way in which another user could change what a path leads to.

    Attributes:
        who: the users, as a message calls them: "every user", "its owner, eve,".
        place: what they may write to: the file, a folder in which they could replace it, or a link of theirs.
        is_by_owner: whether they own it, so that no change of its mode keeps them out.
    """

    who: str
    place: Path
    is_by_owner: bool


def access_to_file(path: Path, status: os.stat_result) -> Access | None:
    """Return a way in which a user other than root may write to a file; None if there is none."""
    return next(_all_access(path, status), None)


def all_access(path: Path) -> Iterator[Access]:
    """Yield each way in which others may change what a path leads to: the file first, then the nearest places.

    Every folder through which the path resolves counts, links included: a user who can rename an outer folder can
    replace everything in it.
    """
    yield from _all_access(path.resolve() if path.is_symlink() else path, path.stat())
    for place in reversed(list(_places(path))):
        status = place.lstat()
        # With the sticky bit, as on /tmp, others may replace only what they own: that is reported for the file itself.
        is_open = stat.S_ISDIR(status.st_mode) and not status.st_mode & stat.S_ISVTX and not _is_read_only(place)
        yield from _all_access(place, status) if is_open else _owners(place, status)


def user_name(uid: int) -> str:
    """Return the name of a user, or "user <uid>" if it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _places(path: Path) -> Iterator[Path]:
    """Yield the folders in which the parts of a path are looked up, and the links among the parts."""
    here = Path("/")
    parts = list(reversed((Path.cwd() / path).parts[1:]))
    while parts:
        if (part := parts.pop()) == "..":
            here = here.parent
            continue
        yield here
        step = here / part
        if not step.is_symlink():
            here = step
            continue
        yield step
        target = step.readlink()
        if target.is_absolute():
            here = Path("/")
        parts.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))


def _is_read_only(folder: Path) -> bool:
    """Return whether a folder's file system is mounted read-only, as Kubernetes mounts a ConfigMap, whose mode is 0777.

    The file's own owner and mode still count, since it may be written by way of another mount.
    """
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _all_access(place: Path, status: os.stat_result) -> Iterator[Access]:
    yield from _owners(place, status)
    yield from _writers(place, status)


def _owners(place: Path, status: os.stat_result) -> Iterator[Access]:
    if status.st_uid not in (os.geteuid(), 0):
        yield Access(f"its owner, {user_name(status.st_uid)},", place, is_by_owner=True)


def _writers(place: Path, status: os.stat_result) -> Iterator[Access]:
    if status.st_mode & stat.S_IWOTH:
        yield Access("every user", place, is_by_owner=False)
    if status.st_mode & stat.S_IWGRP:  # with an access control list, the most that any entry grants
        for who in _named_writers(place, status):
            yield Access(who, place, is_by_owner=False)


def _named_writers(place: Path, status: os.stat_result) -> Iterator[str]:
    entries = _acl(place)
    groups = {status.st_gid: "of its group"} if not entries else {}
    for tag, permissions, number in entries:
        if not permissions & _ACL_WRITE:
            continue
        if tag == _ACL_USER and number not in (os.geteuid(), 0):
            yield f"{user_name(number)}, by its access control list,"
        elif tag == _ACL_OWN_GROUP:
            groups[status.st_gid] = "of its group"
        elif tag == _ACL_GROUP:
            groups[number] = "of a group in its access control list"
    for group, how in groups.items():
        yield from (f"{member}, {how}," for member in _others_in_group(group))


def _others_in_group(gid: int) -> list[str]:
    """Return the names of a group's members, also by their primary group, without root and this user."""
    ours = {"root", user_name(os.geteuid())}
    try:
        named = grp.getgrgid(gid).gr_mem
    except KeyError:
        named = []
    members = {*named, *(user.pw_name for user in pwd.getpwall() if user.pw_gid == gid)}
    return sorted(members - ours)


_ACL_USER, _ACL_OWN_GROUP, _ACL_GROUP = 0x02, 0x04, 0x08
_ACL_WRITE = 0x02
_ACL_ENTRY: Final = struct.Struct("<HHI")
"""One entry of a POSIX access control list: tag, permissions, user or group.

Source:
    Linux, include/uapi/linux/posix_acl_xattr.h
"""


def _acl(place: Path) -> list[tuple[int, int, int]]:
    """Return the entries of a POSIX access control list; none if there is no list."""
    if not hasattr(os, "getxattr"):  # macOS, whose lists are of another kind
        return []
    try:
        blob = os.getxattr(place, "system.posix_acl_access")
    except OSError:  # no list, or a file system that has none
        return []
    return list(_ACL_ENTRY.iter_unpack(blob[4:]))
