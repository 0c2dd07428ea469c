"""Checked lines: JSON, one object per line, each with a checksum over itself and the checksum of the line before.

A line that was torn, changed or taken from another file therefore does not verify.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from foreseen.domain.errors import TableError

_CHECK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class CheckedLines:
    """The verified lines of a file.

    Attributes:
        bodies: the objects, without their checksums.
        check: the checksum of the last line.
        size: where that line ends; what follows was torn.
    """

    bodies: Sequence[Mapping[str, object]]
    check: str
    size: int


def checked_line(body: Mapping[str, object], before: str) -> tuple[bytes, str]:
    """Return the line of an object, and its checksum; `before` is the checksum of the line before."""
    text = json.dumps(body, separators=(",", ":"))
    check = blake2b(f"{before}{text}".encode(), digest_size=_CHECK_BYTES, person=b"foreseen-journal").hexdigest()
    return f'{text[:-1]},"check":"{check}"}}\n'.encode(), check


def read_checked_lines(data: bytes, *, name: str) -> CheckedLines:
    """Read lines, of which the last may be torn.

    Raises:
        TableError: they have been changed.
    """
    bodies: list[Mapping[str, object]] = []
    check, size = "", 0
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        verified = _verified(line, check)
        if verified is None:
            if size + len(line) == len(data):
                break  # torn: it was the last to be written
            raise TableError(f"{name}: expected an unchanged journal, got a changed line {number}")
        body, check = verified
        bodies.append(body)
        size += len(line)
    return CheckedLines(bodies, check, size)


def _verified(line: bytes, before: str) -> tuple[Mapping[str, object], str] | None:
    try:
        body = json.loads(line)
        check = body.pop("check")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return (body, check) if checked_line(body, before) == (line, check) else None
