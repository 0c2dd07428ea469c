"""Several files as one table: the columns of the first, and the rows of all in order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from foreseen.adapters.tabular.csv_reader import CsvReader
from foreseen.adapters.tabular.jsonl_reader import JsonlReader
from foreseen.adapters.tabular.layout import KIND_NAMES, Layout, layout_of
from foreseen.adapters.tabular.opened_file import file_name, opened_file
from foreseen.adapters.tabular.parquet_reader import ParquetReader
from foreseen.adapters.tabular.readable import listed
from foreseen.domain.errors import TableError
from foreseen.domain.signature import Signature
from foreseen.domain.table import Chunk, TableReader
from foreseen.domain.table_form import DEFAULT_FORM, TableForm


@contextmanager
def opened_tables(
    paths: Sequence[str],
    *,
    signature: Signature,
    standard_input: BinaryIO,
    form: TableForm = DEFAULT_FORM,
    keep: Sequence[str] | None = None,
) -> Iterator[TableReader]:
    """Open one file or more; `-` is standard input. All of them are looked at before the first row is read.

    Args:
        keep: columns that are needed beside the features; None for all.
    Raises:
        TableError: one cannot be read, or has other columns than the first.
    """
    with ExitStack() as files:
        opening = _Opening(signature, standard_input, form, keep)
        yield Tables(paths, opening, files)


@dataclass(frozen=True, slots=True)
class _Opening:
    """How each file is opened."""

    signature: Signature
    standard_input: BinaryIO
    form: TableForm
    keep: Sequence[str] | None

    def reader(self, path: str, layout: Layout, first: Any | None, files: ExitStack) -> Any:
        """Open a file, and read what it says of its columns."""
        stream = files.enter_context(opened_file(path, self.standard_input, layout.kind))
        name = file_name(path)
        if layout.kind == "parquet":
            return ParquetReader(stream, name=name, signature=self.signature, wanted=self.keep)
        if layout.kind == "jsonl":
            columns = first.columns if first is not None else None
            return JsonlReader(stream, name=name, signature=self.signature, layout=layout, columns=columns)
        return CsvReader(stream, name=name, signature=self.signature, layout=layout)


class Tables:
    """Reads files one after the other; where each begins does not depend on the others."""

    def __init__(self, paths: Sequence[str], opening: _Opening, files: ExitStack) -> None:
        """Open the first, and look at the others."""
        self._opening = opening
        self._files = files
        self._layouts = [layout_of(path, opening.form) for path in paths]
        self._paths = paths
        self._first = opening.reader(paths[0], self._layouts[0], None, files)
        self._current = self._first
        self._bytes_before = 0
        # What can be opened once only stays open.
        self._kept_open = {
            place: reader for place in range(1, len(paths)) if (reader := self._looked_at(place)) is not None
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the first file."""
        return tuple(self._first.columns)

    @property
    def schema(self) -> Any:
        """That of the first file."""
        return self._first.schema

    @property
    def bytes_read(self) -> int:
        """How far reading has come in all files together."""
        return self._bytes_before + int(self._current.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        """Go through the rows of all."""
        for place in range(len(self._paths)):
            yield from self.rows_of(place)

    def rows_of(self, place: int) -> Iterator[Chunk]:
        """Go through the rows of one file, by its number."""
        with ExitStack() as file:
            self._current = self._reader(place, file)
            yield from map(self._in_order, self._current)
            self._bytes_before += self._current.bytes_read
            self._current = _NOTHING

    def _reader(self, place: int, file: ExitStack) -> Any:
        if place == 0:
            return self._first
        return self._kept_open.get(place) or self._opened(place, file)

    def _in_order(self, chunk: Chunk) -> Chunk:
        """Put the columns of a chunk into the order of the first file."""
        if chunk.table is None:
            return chunk
        names = chunk.table.schema.names
        order = [column for column in self.columns if column in set(names)]
        return chunk if order == names else replace(chunk, table=chunk.table.select(order))

    def _opened(self, place: int, files: ExitStack) -> Any:
        return self._opening.reader(self._paths[place], self._layouts[place], self._first, files)

    def _looked_at(self, place: int) -> Any | None:
        """See whether a file fits the first, and give its reader if it stays open."""
        path, layout, kind = self._paths[place], self._layouts[place], self._layouts[0].kind
        if layout.kind != kind:
            expected = f"expected {KIND_NAMES[kind]}, as {file_name(self._paths[0])} is"
            raise TableError(f"{file_name(path)}: {expected}, got {KIND_NAMES[layout.kind]}")
        if not Path(path).is_file():
            reader = self._opened(place, self._files)
            self._check(reader, file_name(path))
            return reader
        with ExitStack() as file:
            self._check(self._opened(place, file), file_name(path))
        return None

    def _check(self, reader: Any, name: str) -> None:
        first = file_name(self._paths[0])
        for column in reader.columns:
            if column not in self.columns:
                raise TableError(f"{name}: expected the columns of {first}, got {column!r} as well")
        for column in self.columns:
            if column not in reader.columns:
                raise TableError(
                    f"{name}: expected the columns of {first}, got none {column!r} ({listed(reader.columns)})"
                )
            one, other = self.schema.field(column).type, reader.schema.field(column).type
            if one != other:
                raise TableError(f"{name}: expected column {column!r} to hold {one}, as in {first}, got {other}")


class _Nothing:
    """What is read between two files."""

    bytes_read = 0


_NOTHING = _Nothing()
