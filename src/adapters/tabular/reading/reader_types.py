"""What readers of files offer beyond a TableReader."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from foreseen.domain.tables.table import Chunk, TableReader


class ArrowReader(TableReader, Protocol):
    """A reader of one file."""

    @property
    def schema(self) -> pa.Schema:
        """Its columns, with their types."""


class TypedColumns(Protocol):
    """A reader of a file that has types."""

    def values_of(self, column: str) -> Iterator[pa.Array]:
        """Yield the values of one column of the file."""


class FileReader(TableReader, Protocol):
    """A reader of several files, which can be read one at a time."""

    def rows_of(self, place: int) -> Iterator[Chunk]:
        """Yield the chunks of one file, by its index."""
