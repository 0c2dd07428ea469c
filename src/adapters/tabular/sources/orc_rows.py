"""ORC files."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
from pyarrow import orc

from foreseen.adapters.tabular.reading.typed_reader import TypedRows


class OrcRows(TypedRows):
    """The rows of a file, a stripe at a time."""

    is_typed = True
    first_line = 1

    def __init__(self, stream: BinaryIO) -> None:
        """Read the footer."""
        self._size = stream.seek(0, 2)
        stream.seek(0)
        self._file = orc.ORCFile(stream)
        self.schema: pa.Schema = self._file.schema
        self._read = 0

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, estimated from the stripes."""
        return int(self._size * self._read // max(1, self._file.nstripes))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the stripes."""
        for stripe in range(self._file.nstripes):
            self._read = stripe + 1
            # Columns are selected afterwards: ORC would take a name for that of a nested field, too.
            yield self._file.read_stripe(stripe).select(list(columns))
