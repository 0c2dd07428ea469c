"""ReaderAround: a reader of what another reads, its chunks changed on their way."""

from collections.abc import Iterable, Iterator
from typing import Any

from foreseen.domain.tables.table import Chunk


class ReaderAround:
    """Has the columns of another reader; subclasses say what becomes of its chunks."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the reader."""
        return tuple(self._reader.columns)

    @property
    def schema(self) -> Any:
        """That of the reader."""
        return self._reader.schema

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return int(self._reader.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks."""
        return self.changed(self._reader)

    def rows_of(self, place: int) -> Iterator[Chunk]:
        """Yield the chunks of one file, by its number."""
        return self.changed(self._reader.rows_of(place))

    def changed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Return chunks as they are handed on."""
        raise NotImplementedError
