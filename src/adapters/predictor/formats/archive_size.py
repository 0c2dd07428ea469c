"""How large an archive may become in memory: a small file that unpacks to terabytes is rejected unread."""

import zipfile
from typing import BinaryIO, Final

from foreseen.domain.errors import ModelUnavailableError

MOST_TIMES: Final = 100
"""Most times of its own size that an archive unpacks to; models that are compressed well stay below 20."""

ALWAYS_BYTES: Final = 64 * 2**20
"""Bytes that any archive may unpack to."""


def most_unpacked_bytes(size: int) -> int:
    """Return to how many bytes an archive of a size in bytes may unpack."""
    return max(ALWAYS_BYTES, MOST_TIMES * size)


def require_bounded_archive(file: BinaryIO, path: object) -> None:
    """Raise ModelUnavailableError if an archive declares to unpack to far more than its own size.

    A member that unpacks to more than it declares ends in an error of zipfile, which reads no more than that.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    size = file.seek(0, 2)
    file.seek(0)
    unpacked, most = sum(member.file_size for member in members), most_unpacked_bytes(size)
    if unpacked > most:
        raise ModelUnavailableError(
            f"{path}: expected an archive that unpacks to {most:,} bytes at most, got {unpacked:,}"
        )
