"""The shell command that keeps other users from changing a file."""

import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from foreseen.adapters.predictor.model_file.ownership import Access, user_name


def revoking_command(found: Sequence[Access]) -> str:
    """Return a shell command that removes every access found; it ends in "(as root)" if only root may run it.

    An owner can always change the mode back, so what another user owns is given to this user. Write access by mode or
    access control list is revoked as well.
    """
    me = os.geteuid()
    owner = user_name(me).split()[-1]
    owned = _distinct(each for each in found if each.is_by_owner)
    links = [place for place in owned if place.is_symlink()]
    commands = [
        _command("chown", "-h", owner, places=links),
        _command("chown", owner, places=[place for place in owned if place not in links]),
        _command("chmod", "go-w", places=_distinct(each for each in found if not each.is_by_owner)),
    ]
    is_allowed = me == 0 or all(each.place.lstat().st_uid == me for each in found)
    return " && ".join(filter(None, commands)) + ("" if is_allowed else " (as root)")


def _distinct(found: Iterable[Access]) -> list[Path]:
    return list(dict.fromkeys(each.place for each in found))


def _command(*words: str, places: Sequence[Path]) -> str:
    """Return a command on some paths; empty if there are none."""
    names = [f"./{place}" if str(place).startswith("-") else str(place) for place in places]
    return shlex.join([*words, *names]) if names else ""
