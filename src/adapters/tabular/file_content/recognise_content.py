"""What a file is by its first bytes: a format that is read, a compression, or something else by its name."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from foreseen.adapters.tabular.file_layout import Compression, Kind

HEAD_BYTES: Final = 4096

_KINDS: Final[Sequence[tuple[bytes, Kind]]] = (
    (b"PAR1", "parquet"),
    (b"ARROW1\x00\x00", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),  # a stream of messages
    (b"ORC", "orc"),
)
_COMPRESSIONS: Final[Sequence[tuple[bytes, Compression]]] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
)
_BZ2: Final = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")


class Other(NamedTuple):
    """A kind of file that is not supported.

    Attributes:
        name: with its article, as it follows "got".
        advice: what to do with it.
    """

    name: str
    advice: str


_AS_PARQUET: Final = "write its table as Parquet or CSV"
_UNPACK: Final = "unpack it and name its files"
_FROM_R: Final = Other("a file that R saved", "write its table by write.csv or arrow::write_parquet")
OLD_EXCEL: Final = Other("an Excel workbook of the old format (.xls)", "save it as .xlsx or CSV")
SQLITE: Final = Other("an SQLite database", "name a query: sqlite:///FILE?query=SELECT …")
DUCKDB: Final = Other("a DuckDB database", "name a query: duckdb:///FILE?query=SELECT …")

_BINARY: Final[Sequence[tuple[int, bytes, Other]]] = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_EXCEL),
    (0, b"SQLite format 3\x00", SQLITE),
    (8, b"DUCK", DUCKDB),
    (0, b"FEA1", Other("a Feather file of version 1", _AS_PARQUET)),
    (0, b"Obj\x01", Other("an Avro file", _AS_PARQUET)),
    (0, b"\x89HDF\r\n\x1a\n", Other("an HDF5 file", _AS_PARQUET)),
    (0, b"\x93NUMPY", Other("an array that numpy.save wrote", _AS_PARQUET)),
    (0, b"RDX", _FROM_R),
    (0, b"X\n\x00\x00\x00", _FROM_R),
    (0, b"PARE", Other("an encrypted Parquet file", "write it without encryption")),
    (0, b"$FL2", Other("an SPSS file", _AS_PARQUET)),
    (12, b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00", Other("a SAS file", _AS_PARQUET)),
    (257, b"ustar", Other("a tar archive", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Other("a 7z archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", Other("a RAR archive", _UNPACK)),
    (0, b"\x04\x22\x4d\x18", Other("a file compressed by lz4", "decompress it")),
    (0, b"\xff\x06\x00\x00sNaPpY", Other("a file compressed by snappy", "decompress it")),
)
_TEXTS: Final[Sequence[tuple[bytes, Other]]] = (
    (b"<stata_dta>", Other("a Stata file", _AS_PARQUET)),
    (b"%PDF-", Other("a PDF document", "name a file of rows")),
    (b"version https://git-lfs", Other("a Git LFS pointer in place of the file", "git lfs pull")),
)
_PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
_PAGE: Final = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|\?xml|error>)", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that text does not contain, so that a column named ORC is not mistaken for a format."""


def kind_of(head: bytes) -> Kind | None:
    """Return the format that a file's first bytes reveal; None for text, and for unsupported files."""
    if not _CONTROL.search(head):
        return None
    return next((kind for magic, kind in _KINDS if head.startswith(magic)), None)


def compression_of(head: bytes) -> Compression | None:
    """Return how a file is compressed, if it is; an archive is left to `is_zip`."""
    if _BZ2.match(head):
        return "bz2"
    return next((compression for magic, compression in _COMPRESSIONS if head.startswith(magic)), None)


def is_zip(head: bytes) -> bool:
    """Return whether a file begins as a zip archive does, which a workbook is as well."""
    return head.startswith(_ZIPS)


def other_of(head: bytes) -> Other | None:
    """Return which unsupported kind of file it is; None for what may be text."""
    if _CONTROL.search(head):
        for offset, magic, other in _BINARY:
            if head.startswith(magic, offset):
                return other
        if _PICKLE.match(head):
            return Other("a pickle", "write its table by to_parquet or to_csv")
    for magic, other in _TEXTS:
        if head.startswith(magic):
            return other
    if page := _PAGE.match(head):
        is_xml = page[2].lower() == b"?xml"
        advice = "save its table as CSV" if is_xml else "download the file again, or save its table as CSV"
        return Other("an XML document" if is_xml else "an HTML page", advice)
    if len(head) >= 16 and not any(head):
        return Other("a file that begins with zeros, as a full disk leaves behind", "copy it again")
    return None
