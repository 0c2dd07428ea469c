"""FileStart: what of a file its format is recognised by."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES
from foreseen.adapters.predictor.formats.zip_archives import is_zip


@dataclass(frozen=True, slots=True)
class FileStart:
    """The first bytes of a file, and the names in it if it is a zip archive.

    Attributes:
        head: `HEAD_BYTES` at most.
        members: names of the archive's files; none if it is no archive, or a damaged one.
        name: of the file.
    """

    head: bytes
    members: Sequence[str] = ()
    name: str = ""

    @classmethod
    def of(cls, file: BinaryIO, name: str = "") -> "FileStart":
        """Read the start of a file of some name, and return to its first byte."""
        head = file.read(HEAD_BYTES)
        members = _members(file) if is_zip(head) else ()
        file.seek(0)
        return cls(head, members, name)


def _members(file: BinaryIO) -> Sequence[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return ()
