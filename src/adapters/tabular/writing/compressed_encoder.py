"""CompressedEncoder: compresses the output of another encoder, each part as a gzip member or zstd frame of its own.

Members and frames may be concatenated, so a file can be appended to, and cut off after any part.
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
    """Compresses lines; the same rows give the same bytes at any time of day."""

    has_to_be_sealed: Final = False

    def __init__(self, encoder: TableEncoder, compression: Compression) -> None:
        """Accept the encoder of the lines."""
        self._encoder = encoder
        self._compression = compression
        self._zstd = pa.Codec("zstd", compression_level=_ZSTD_LEVEL)

    def begin(self) -> bytes:
        """Return the compressed header; if that is empty, an empty member, so that a file without rows is valid."""
        return self._compressed(self._encoder.begin())

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Return the compressed lines of a chunk, one for each row."""
        return self._compressed(self._encoder.encode(chunk, predictions))

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy the spool: its parts are the file."""
        shutil.copyfileobj(spool, out)

    def _compressed(self, data: Written) -> bytes:
        if self._compression == "gzip":
            return gzip.compress(data, _GZIP_LEVEL, mtime=0)
        return self._zstd.compress(data, asbytes=True)  # type: ignore[no-any-return]
