"""The uncompressed bytes of a compressed file."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final, cast
from zipfile import BadZipFile

import pyarrow as pa

from foreseen.adapters.tabular.file_layout import Compression
from foreseen.adapters.tabular.remote.input_streams import ReadStream
from foreseen.domain.errors import TableError

_PIECE_BYTES: Final = 1 << 18
_DAMAGED: Final = (OSError, EOFError, ValueError, pa.ArrowException, lzma.LZMAError, zlib.error, BadZipFile)


def decompressed(stream: BinaryIO, compression: Compression, *, name: str) -> BinaryIO:
    """Return the uncompressed bytes of a gzip, zstd, bz2 or xz stream, which may consist of several parts.

    Reading raises TableError if the file is cut off or damaged; errors call it `name`.
    """
    return expanded(lambda: _opened(stream, compression), compression, name=name)


def expanded(open_file: Callable[[], BinaryIO], compression: Compression, *, name: str) -> BinaryIO:
    """Return a decompressor's output, with its errors as TableErrors; it is opened when it is first read."""
    return cast("BinaryIO", _Expanded(open_file, compression, name))


def _opened(stream: BinaryIO, compression: Compression) -> BinaryIO:
    if compression == "xz":
        return cast("BinaryIO", lzma.LZMAFile(stream))
    if compression == "bz2":  # Arrow reads no empty part of it
        return cast("BinaryIO", bz2.BZ2File(stream))
    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), compression))


class _Expanded(ReadStream):
    def __init__(self, open_file: Callable[[], BinaryIO], compression: Compression, name: str) -> None:
        self._open = open_file
        self._file: BinaryIO | None = None
        self._compression = compression
        self._name = name

    def read(self, size: int = -1) -> bytes:
        try:
            if self._file is None:
                self._file = self._open()
            return self._file.read(_PIECE_BYTES if size < 0 else size)
        except _DAMAGED as exc:
            said = f"expected a whole {self._compression} file, got one that is cut off or damaged"
            raise TableError(f"{self._name}: {said}: {str(exc) or type(exc).__name__}") from exc
