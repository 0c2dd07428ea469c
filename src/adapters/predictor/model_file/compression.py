"""Decompresses a file, whichever of joblib's compressors wrote it."""

import bz2
import gzip
import importlib
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final, TypeAlias

_BLOCK_BYTES: Final = 2**20


def decompressed(file: BinaryIO) -> BinaryIO:
    """Return the content of a file from its start, decompressed if it is compressed.

    Raises:
        ImportError: it was compressed by lz4, which is not installed.
    """
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    for magic, opened in _OPENERS.items():
        if start.startswith(magic):
            return io.BufferedReader(opened(file), buffer_size=_BLOCK_BYTES)
    return file


_Opened: TypeAlias = io.BufferedIOBase | io.RawIOBase


class _ZlibReader(io.RawIOBase):
    """Reads a bare zlib stream, for which the standard library has no file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stream = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._stream.eof:
            packed = self._stream.unconsumed_tail or self._file.read(_BLOCK_BYTES)
            if data := self._stream.decompress(packed, len(buffer)):
                buffer[: len(data)] = data
                return len(data)
            if not packed:
                raise EOFError("the compressed data end too soon")
        return 0


def _lz4(file: BinaryIO) -> _Opened:
    opened: _Opened = importlib.import_module("lz4.frame").LZ4FrameFile(file)
    return opened


_OPENERS: Final[dict[bytes, Callable[[BinaryIO], _Opened]]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"x": _ZlibReader,  # no pickle begins like this
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"]\x00": lzma.LZMAFile,  # an empty list in a pickle is followed by another opcode
    b"\x04\x22M\x18": _lz4,
}
"""By the first bytes of a file.

Source:
    joblib, compressor.py
"""
