"""Several files as one table: the columns of the first, and the rows of all in order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, cast

import pyarrow as pa

from foreseen.adapters.tabular.chosen_rows.chosen_rows import with_chosen_rows
from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.file_content.opened_file import is_opened_again
from foreseen.adapters.tabular.file_layout import KIND_NAMES
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.renamed_features import RenamedFeatures
from foreseen.adapters.tabular.reading.required_columns import listed
from foreseen.adapters.tabular.sources.joined_types import lost_in
from foreseen.adapters.tabular.sources.open_table import OpenTable, open_table
from foreseen.adapters.tabular.sources.readers import Wanted
from foreseen.adapters.tabular.sources.unified_schema import unified_schema
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.renamed_columns import in_names_of_columns
from foreseen.domain.tables.table import Chunk, TableReader
from foreseen.domain.tables.table_format import DEFAULT_FORM, TableForm
from foreseen.domain.values.signature import Signature

if TYPE_CHECKING:
    from foreseen.adapters.tabular.reading.reader_types import TypedColumns


@contextmanager
def opened_tables(
    paths: Sequence[str],
    *,
    signature: Signature,
    standard_input: BinaryIO | None,
    form: TableForm = DEFAULT_FORM,
    keep: Sequence[str] | None = None,
    notices: Notices | None = None,
    has_types: bool = True,
) -> Iterator[TableReader]:
    """Open one file or more; `-` is standard input. All of them are checked before the first row is read.

    Args:
        standard_input: None if it is closed.
        keep: columns that are needed besides the features; None for all.
        notices: counts words that are, or look like, a missing value, and cells that look like rows.
        has_types: whether columns are written with types; in text each value is written as in its own file.
    Raises:
        TableError: one cannot be read, or has other columns than the first.
    """
    with ExitStack() as files:
        renamed = in_names_of_columns(signature, form.columns_as)
        needed = keep if keep is None or form.rows.where is None else [*keep, *form.rows.where.columns]
        words = MissingWords(form.missing_words, notices)
        opening = _Opening(renamed, standard_input, form, needed, words, notices, has_types)
        tables = Tables(paths, opening, files, written=keep)
        yield with_chosen_rows(RenamedFeatures(tables, signature) if form.columns_as else tables, form)


@dataclass(frozen=True, slots=True)
class _Opening:
    """How each file is opened."""

    signature: Signature
    standard_input: BinaryIO | None
    form: TableForm
    keep: Sequence[str] | None
    words: MissingWords
    notices: Notices | None
    has_types: bool

    def opened(self, path: str, first: OpenTable | None, files: ExitStack) -> OpenTable:
        """Open a file, and read its columns' names and types."""
        columns = first.reader.columns if first is not None else None
        wanted = Wanted(self.signature, self.keep, columns, self.words, self.notices)
        return open_table(path, wanted=wanted, form=self.form, standard_input=self.standard_input, files=files)


class Tables:
    """Reads files one after the other; the chunks of each do not depend on the others."""

    def __init__(
        self, paths: Sequence[str], opening: _Opening, files: ExitStack, *, written: Sequence[str] | None
    ) -> None:
        """Open the first, and check the others.

        Args:
            written: columns that are written, which need one type for all files; None for all.
        """
        self._opening = opening
        self._files = files
        self._paths = paths
        self._first = opening.opened(paths[0], None, files)
        self._current: OpenTable | None = self._first
        self._bytes_before = 0
        self._schemas = [(self._first.name, self._first.reader.schema)]
        # What can be opened only once stays open.
        self._kept_open = {
            place: table for place in range(1, len(paths)) if (table := self._looked_at(paths[place])) is not None
        }
        self._schema = unified_schema(self._schemas, opening.signature, written, self._lost_in)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the first file."""
        return tuple(self._first.reader.columns)

    @property
    def schema(self) -> pa.Schema:
        """The schema of the first file, with types that hold the values of all."""
        return self._schema

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, of all files together."""
        return self._bytes_before + (self._current.bytes_read if self._current else 0)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks of all files."""
        for place in range(len(self._paths)):
            yield from self.rows_of(place)

    def rows_of(self, place: int) -> Iterator[Chunk]:
        """Yield the chunks of one file, by its index."""
        with ExitStack() as file:
            table = self._table(place, file)
            self._current = table
            yield from map(self._in_order, table)
            self._current, self._bytes_before = None, self._bytes_before + table.bytes_read

    def _table(self, place: int, file: ExitStack) -> OpenTable:
        if place == 0:
            return self._first
        return self._kept_open.get(place) or self._opening.opened(self._paths[place], self._first, file)

    def _in_order(self, chunk: Chunk) -> Chunk:
        """Put the columns of a chunk into the order of the first file."""
        if chunk.table is None:
            return chunk
        names = record_batch_of(chunk).schema.names
        there = frozenset(names)
        order = [column for column in self.columns if column in there]
        return chunk if order == names else replace(chunk, table=record_batch_of(chunk).select(order))

    def _looked_at(self, path: str) -> OpenTable | None:
        """Check a file against the first; return it if it has to stay open."""
        if not is_opened_again(path):
            table = self._opening.opened(path, self._first, self._files)
            self._check(table)
            return table
        with ExitStack() as file:
            self._check(self._opening.opened(path, self._first, file))
        return None

    def _lost_in(self, place: int, column: str, kind: object) -> str:
        """Return which value of a file's column a type would change, in words; empty if none."""
        path = self._paths[place]
        if not self._opening.has_types:
            return ""
        if not is_opened_again(path):
            return "its rows can be read only once"
        with ExitStack() as file:
            table = self._opening.opened(path, self._first if place else None, file)
            # Only readers with types get here: values of files without them cannot be lost.
            return lost_in(kind, cast("TypedColumns", table.reader).values_of(column))

    def _check(self, table: OpenTable) -> None:
        """Raise TableError if the file lacks a needed column or has one that would be lost; types are joined later."""
        if _family(table) != _family(self._first):
            expected = f"expected {KIND_NAMES[self._first.kind]}, as {self._first.name} is"
            raise TableError(f"{table.name}: {expected}, got {KIND_NAMES[table.kind]}")
        expected = f"{table.name}: expected the columns of {self._first.name}"
        for column in self._missing_in(self.columns, table.reader.columns):
            raise TableError(f"{expected}, got {column!r} as well")
        for column in self._missing_in(table.reader.columns, self.columns):
            raise TableError(f"{expected}, got none {column!r} ({listed(table.reader.columns)})")
        self._schemas.append((table.name, table.reader.schema))

    def _missing_in(self, columns: Sequence[str], others: Sequence[str]) -> Iterator[str]:
        """Yield the columns among `others` that are needed and are not in `columns`."""
        there, keep = frozenset(columns), self._opening.keep
        needed = None if keep is None else frozenset(keep)
        return (column for column in others if column not in there and (needed is None or column in needed))


def _family(table: OpenTable) -> str:
    """Return the kind that all files of a table must have: a JSON array is read like JSON Lines."""
    return "jsonl" if table.kind == "json" else table.kind
