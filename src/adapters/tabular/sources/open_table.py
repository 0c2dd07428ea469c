"""OpenTable: an input that is open, with known columns, whose rows are still to be read."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import BinaryIO

from foreseen.adapters.tabular.databases.database_query import is_query, query_of, rows_of
from foreseen.adapters.tabular.file_content.content import SOUGHT_IN, opened_content
from foreseen.adapters.tabular.file_layout import Kind
from foreseen.adapters.tabular.reading.reader_types import ArrowReader
from foreseen.adapters.tabular.reading.typed_reader import TypedReader
from foreseen.adapters.tabular.remote.input_streams import CountedStream
from foreseen.adapters.tabular.sources.partitions import PartitionedReader, keys_of, without_keys
from foreseen.adapters.tabular.sources.readers import Wanted, reader_of
from foreseen.domain.tables.table import Chunk
from foreseen.domain.tables.table_format import TableForm


@dataclass(frozen=True, slots=True)
class OpenTable:
    """An input and its reader.

    Attributes:
        name: for errors.
        file: counts the bytes read, if these show the progress; None otherwise.
    """

    name: str
    kind: Kind
    reader: ArrowReader
    file: CountedStream | None

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, before decompression."""
        return int(self.reader.bytes_read if self.file is None else self.file.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield its rows in chunks."""
        return iter(self.reader)


def open_table(
    path: str, *, wanted: Wanted, form: TableForm, standard_input: BinaryIO | None, files: ExitStack
) -> OpenTable:
    """Open an input, and read the description of its columns.

    Args:
        files: closes it.
    Raises:
        TableError: it cannot be read, or is not a table of these features.
    """
    if is_query(path):
        return _open_query(path, wanted, files)
    content = files.enter_context(opened_content(path, standard_input, form))
    keys = keys_of(path)
    if keys:
        own = replace(wanted, signature=without_keys(wanted.signature, keys, name=content.name))
        reader: ArrowReader = PartitionedReader(reader_of(content, own), keys, wanted.signature, wanted.words)
    else:
        reader = reader_of(content, wanted)
    is_counted = content.is_packed or content.layout.kind not in SOUGHT_IN
    return OpenTable(content.name, content.layout.kind, reader, content.file if is_counted else None)


def _open_query(path: str, wanted: Wanted, files: ExitStack) -> OpenTable:
    query = query_of(path)
    rows = rows_of(query)
    files.callback(rows.close)
    reader = TypedReader(
        lambda: rows,
        name=query.name,
        what=query.database,
        signature=wanted.signature,
        wanted=wanted.keep,
        words=wanted.words,
    )
    return OpenTable(query.name, "sql", reader, None)
