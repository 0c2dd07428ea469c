"""CompressedEncoder: what another encoder gives, each part of it a file of its own to gzip and zstd.

Such files may stand one after the other, so that what was written can be added to, and cut off after any part.
"""

import gzip
import shutil
from typing import BinaryIO, Final

import pyarrow as pa

from foreseen.adapters.tabular.file_layout import Compression
from foreseen.domain.tables.table import Chunk, TableEncoder, Written
from foreseen.domain.values.predictions import Predictions

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 3


class CompressedEncoder:
    """Compresses lines; the same rows are the same bytes, whenever they are written."""

    has_to_be_sealed: Final = False

    def __init__(self, encoder: TableEncoder, compression: Compression) -> None:
        """Take what gives the lines."""
        self._encoder = encoder
        self._compression = compression
        self._zstd = pa.Codec("zstd", compression_level=_ZSTD_LEVEL)

    def begin(self) -> bytes:
        """Give what stands before the first row, and in a file without any rows a file without any lines."""
        return self._compressed(self._encoder.begin())

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Give a line for each row."""
        return self._compressed(self._encoder.encode(chunk, predictions))

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the parts are the file."""
        shutil.copyfileobj(spool, out)

    def _compressed(self, data: Written) -> bytes:
        if self._compression == "gzip":
            return gzip.compress(data, _GZIP_LEVEL, mtime=0)
        return self._zstd.compress(data, asbytes=True)  # type: ignore[no-any-return]
