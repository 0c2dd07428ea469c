"""The one file of a zip archive, or which other kind of file the archive is."""

import zipfile
from typing import BinaryIO, NamedTuple

from foreseen.adapters.tabular.file_content.decompression import expanded
from foreseen.adapters.tabular.file_content.recognise_content import Other
from foreseen.adapters.tabular.file_layout import Kind
from foreseen.domain.errors import TableError

_ASIDE = ("__MACOSX/", ".DS_Store", "Thumbs.db")
"""Files that operating systems add to archives."""
_UNPACK = "unpack it and name its files"
_WORKBOOK = "xl/workbook.xml"


class Member(NamedTuple):
    """The one file of an archive."""

    name: str
    stream: BinaryIO


def only_member(stream: BinaryIO, *, name: str) -> Member | Kind | Other:
    """Return the one file in an archive, the archive's own format, or which unsupported kind of file it is.

    Raises:
        TableError: it is cut off, damaged or encrypted.
    """
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, OSError, ValueError) as exc:
        said = "expected a whole zip archive, got one that is cut off or damaged"
        raise TableError(f"{name}: {said}: {exc}") from exc
    names = archive.namelist()
    if _WORKBOOK in names:
        return "xlsx"
    if other := _document(set(names)):
        return other
    files = [one for one in archive.infolist() if not one.is_dir() and not _is_aside(one.filename)]
    if len(files) != 1:
        listed = ", ".join(one.filename for one in files[:3]) + (", …" if len(files) > 3 else "")
        return Other(f"a zip archive of {len(files)} files{f' ({listed})' if files else ''}", _UNPACK)
    (file,) = files
    if file.flag_bits & 1:
        raise TableError(f"{name}: expected an archive without a password, got one with; {_UNPACK}")
    return Member(file.filename, expanded(lambda: _opened(archive, file), "zip", name=name))


def _opened(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> BinaryIO:
    try:
        return archive.open(file)  # type: ignore[return-value]
    except NotImplementedError as exc:  # a method of compression that Python does not know
        raise ValueError(str(exc)) from exc


def _is_aside(name: str) -> bool:
    return name.startswith(_ASIDE[0]) or name.rpartition("/")[2] in _ASIDE[1:]


def _document(names: set[str]) -> Other | None:
    """Return which kind of document an archive is; None if it is not one."""
    if "xl/workbook.bin" in names:
        return Other("an Excel workbook of the binary format (.xlsb)", "save it as .xlsx or CSV")
    if "[Content_Types].xml" in names:
        return Other("an Office document", "name a file of rows")
    if {"mimetype", "content.xml"} <= names:
        return Other("an OpenDocument file", "save it as CSV")
    if names and all(name.endswith(".npy") for name in names):
        return Other("arrays that numpy.savez wrote", "write their table as Parquet or CSV")
    return None
