"""The files of a run on a cluster, whose names mean the same on every machine."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Protocol, cast

from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, TableEncoder, TableReader
from foreseen.domain.tables.table_format import DEFAULT_COLUMNS, DEFAULT_FORM, OutputColumns, TableForm
from foreseen.domain.values.table_rows import TableSchema
from foreseen.wiring.files import layout_of
from foreseen.wiring.run_tables import RunTables

_ENDINGS: Final = (
    ".csv", ".tsv", ".txt", ".parquet", ".pq", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc", ".orc", ".xlsx",
)  # fmt: skip
_COMPRESSED: Final = (".gz", ".gzip", ".zst", ".zstd")


@dataclass(frozen=True, slots=True)
class Tables:
    """The files of a run, in a form that can be sent to its processes.

    Attributes:
        folder: the folder to which relative paths refer.
        sources: the inputs, as they were named.
        output: the folder of parts, as it was named.
        read, written: the forms of the inputs and of the output.
        columns: which columns are written.
    """

    folder: str
    sources: tuple[str, ...]
    output: str
    read: TableForm = DEFAULT_FORM
    written: TableForm = DEFAULT_FORM
    columns: OutputColumns = DEFAULT_COLUMNS

    def enter(self) -> None:
        """Change to the folder in which the run was started; raise TableError if this machine lacks it."""
        try:
            os.chdir(self.folder)
        except OSError as exc:
            said = f"expected this folder, in which the run was started, on every machine: {exc.strerror}"
            raise TableError(f"{self.folder}: {said}") from exc
        if self.folder in sys.path[:-1]:
            # Ray puts it first, where a file json.py would be imported in place of the library. Loading the model
            # searches it last, and checks what it finds.
            sys.path.remove(self.folder)

    @contextmanager
    def opened(self, tables: RunTables, source: int) -> Iterator[TableReader]:
        """Open an input by its number, with the columns of the first input; raise TableError if they do not match."""
        first, chosen = self.sources[0], self.sources[source]
        with self._opened(tables, (first, chosen) if source else (first,)) as reader:
            yield _OneOf(cast("_Files", reader), 1) if source else reader

    def schema(self, tables: RunTables) -> TableSchema:
        """Check every input and return the schema of the first; raise TableError for a bad one."""
        has_types = layout_of(self.output, form=self.written).has_types
        with self._opened(tables, self.sources, has_types=has_types) as reader:
            return reader.schema

    def encoder(self, tables: RunTables, schema: TableSchema) -> TableEncoder:
        """Return an encoder of one part; raise TableError if the format cannot hold the schema."""
        return tables.encoder(schema, path=self.output, name=self.output, form=self.written, columns=self.columns)

    @property
    def most_actors(self) -> int:
        """Most actors that can be busy: one per MiB of each input, and at least one per input."""
        return sum(max(1, self.size(source) >> 20) for source in range(len(self.sources)))

    def size(self, source: int) -> int:
        """Return the size of an input in bytes, by its number; 0 if unknown."""
        path = Path(self.sources[source])
        return path.stat().st_size if path.is_file() else 0

    @property
    def ending(self) -> str:
        """The suffix of parts' names: that of the output, which shows its format."""
        name = PurePath(self.output)
        packed = name.suffix if name.suffix.lower() in _COMPRESSED else ""
        own = PurePath(name.stem).suffix if packed else name.suffix
        if self.written.format is not None:
            return f".{self.written.format}{packed}"
        return (own if own.lower() in _ENDINGS else ".csv") + packed

    def _opened(
        self, tables: RunTables, paths: tuple[str, ...], *, has_types: bool = False
    ) -> AbstractContextManager[TableReader]:
        nothing = io.BytesIO()  # no input is standard input
        return tables.opened(paths, standard_input=nothing, form=self.read, keep=self.columns.keep, has_types=has_types)


class _Files(TableReader, Protocol):
    """A reader of several files."""

    def rows_of(self, place: int) -> Iterator[Chunk]: ...


class _OneOf:
    """A reader of one file among several, with the schema of all."""

    def __init__(self, tables: "_Files", place: int) -> None:
        self._tables = tables
        self._place = place
        self.columns: tuple[str, ...] = tables.columns
        self.schema = tables.schema

    @property
    def bytes_read(self) -> int:
        return int(self._tables.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._tables.rows_of(self._place))
