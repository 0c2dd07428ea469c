"""A compressed file is read as what was compressed, by its first bytes; one that is cut off or damaged says so."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.file_content.content import opened_content
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import TableForm

TEXT: Final = b"a,b\n" + b"1,2\n" * 100_000


def zstd(data: bytes) -> bytes:
    """Compress."""
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def zipped(data: bytes, **others: bytes) -> bytes:
    """Archive a file, and others beside it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("day.csv", data)
        for name, content in others.items():
            archive.writestr(name, content)
    return out.getvalue()


PACKED: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress, "zstd": zstd, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped,
}  # fmt: skip


class Pipe(io.BytesIO):
    """What cannot be sought in, and gives a few bytes at a time."""

    def seekable(self) -> bool:
        return False

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1000 if size is None or size < 0 else min(size, 1000))


def read(data: bytes, form: TableForm | None = None, *, is_piped: bool = False) -> bytes:
    """Read all of standard input."""
    stream = Pipe(data) if is_piped else io.BytesIO(data)
    with opened_content("-", stream, form or TableForm()) as content:
        pieces = list(iter(lambda: content.stream.read(1 << 16), b""))
        assert content.file.bytes_read == len(data) or content.is_packed
    return b"".join(pieces)


@pytest.mark.parametrize("is_piped", [False, True])
@pytest.mark.parametrize("name", PACKED)
def test_first_bytes_say_how_a_file_is_compressed(name: str, is_piped: bool) -> None:
    assert read(PACKED[name](TEXT), is_piped=is_piped) == TEXT


@pytest.mark.parametrize("name", ["gzip", "zstd", "bz2", "xz"])
def test_parts_one_after_the_other_are_one_file(name: str) -> None:
    pack = PACKED[name]

    assert read(pack(b"a\n") + pack(b"") + pack(TEXT)) == b"a\n" + TEXT


@pytest.mark.parametrize("left", [-1, -9, 12])
@pytest.mark.parametrize("name", PACKED)
def test_a_truncated_file_is_reported_as_such(name: str, left: int) -> None:
    data = PACKED[name](bytes(range(97, 123)) * 50)

    with pytest.raises(TableError, match=f"^standard input: expected a whole {name} (file|archive), got one that is"):
        read(data[:left])


def test_a_doubly_compressed_file_is_decompressed_twice() -> None:
    assert read(gzip.compress(zipped(bz2.compress(TEXT)))) == TEXT


def test_an_archive_may_hold_system_files_beside_the_file() -> None:
    others = {"__MACOSX/._day.csv": b"x", ".DS_Store": b"x", "folder/": b""}

    assert read(zipped(TEXT, **others)) == TEXT


def test_an_archive_of_several_files_is_named() -> None:
    with pytest.raises(TableError, match=r"got a zip archive of 2 files \(day.csv, b.csv\); unpack it"):
        read(zipped(TEXT, **{"b.csv": b"x"}))


def test_an_archive_with_a_password_is_named() -> None:
    data = bytearray(zipped(TEXT))
    for header in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(header) + (6 if header[2] == 3 else 8)] |= 1

    with pytest.raises(TableError, match=r"expected an archive without a password"):
        read(bytes(data))


def test_a_name_within_an_archive_decides_the_format() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("day.tsv.gz", gzip.compress(b"a\tb\n"))

    with opened_content("-", io.BytesIO(out.getvalue()), TableForm()) as content:
        assert content.layout.delimiter == "\t"
