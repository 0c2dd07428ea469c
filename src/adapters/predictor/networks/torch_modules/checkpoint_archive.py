"""The archive that torch.save writes: checked, and written again, so that PyTorch reads what was checked.

PyTorch finds the files of an archive by its own rules, and does not compare their checksums.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import BinaryIO, Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

_NEEDED: Final = ("data.pkl", "version")
_STORAGES: Final = "data/"
_LONGEST_PICKLE: Final = 2**28


def copied_checkpoint(file: BinaryIO) -> io.BytesIO:
    """Return a new archive of the pickle and the storages in a file, whatever else is in it.

    Raises:
        RejectedFileError: it has several folders, a file twice, no pickle or one of more than 256 MiB, or values in
            big-endian order.
        zipfile.BadZipFile: it is damaged.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(content, "w") as written:
        members = _members(archive)
        if archive.getinfo(members["data.pkl"]).file_size > _LONGEST_PICKLE:
            raise RejectedFileError(f"expected data.pkl of {_LONGEST_PICKLE:,} bytes at most")
        if "byteorder" in members and archive.read(members["byteorder"]) != b"little":
            raise RejectedFileError("expected weights in little-endian order, got big-endian ones; try: save them here")
        for name in (*_NEEDED, *(each for each in members if each.startswith(_STORAGES))):
            written.writestr(f"archive/{name}", archive.read(members[name]))
    content.seek(0)
    return content


def _members(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """Return the name of each member by its name within the archive's only folder."""
    names = [name for name in archive.namelist() if not name.endswith("/")]
    members = {name.partition("/")[2]: name for name in names}
    if len({name.partition("/")[0] for name in names}) != 1 or len(members) != len(names):
        raise RejectedFileError("expected one folder in the archive, with each file once")
    if lacking := [name for name in _NEEDED if name not in members]:
        raise RejectedFileError(f"expected {lacking[0]} in the archive, got no such file")
    return members
