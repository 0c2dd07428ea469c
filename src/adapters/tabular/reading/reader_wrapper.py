"""ReaderWrapper: base of readers that change the chunks of another reader."""

from collections.abc import Iterable, Iterator

from foreseen.adapters.tabular.reading.reader_types import FileReader
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.table_rows import TableSchema


class ReaderWrapper:
    """Has the columns of another reader; subclasses convert its chunks."""

    def __init__(self, reader: FileReader) -> None:
        self._reader = reader

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the reader."""
        return tuple(self._reader.columns)

    @property
    def schema(self) -> TableSchema:
        """The schema of the reader."""
        return self._reader.schema

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return int(self._reader.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks."""
        return self.changed(self._reader)

    def rows_of(self, place: int) -> Iterator[Chunk]:
        """Yield the chunks of one file, by its index."""
        return self.changed(self._reader.rows_of(place))

    def changed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Return the changed chunks."""
        raise NotImplementedError
