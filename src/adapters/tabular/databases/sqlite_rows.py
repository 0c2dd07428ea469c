"""The rows of an SQLite query, whose column types are found from all values."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pyarrow as pa

from foreseen.adapters.tabular.databases.query_errors import query_errors
from foreseen.adapters.tabular.reading.typed_reader import TypedRows
from foreseen.domain.errors import TableError

_BLOCK_ROWS: Final = 8192
_TYPES: Final = {
    frozenset[str](): pa.null(),
    frozenset({"integer"}): pa.int64(),
    frozenset({"real"}): pa.float64(),
    frozenset({"integer", "real"}): pa.float64(),
    frozenset({"blob"}): pa.binary(),
}
"""Column types by SQLite's types of the values; any other combination is text."""


class SqliteRows(TypedRows):
    """Rows, read once for their types and once for themselves, in one transaction."""

    is_typed = False
    first_line = 1

    def __init__(self, path: str, query: str, *, name: str) -> None:
        """Open a database read-only.

        Raises:
            TableError: there is none, or the query fails.
        """
        self._name = name
        if not Path(path).is_file():
            raise TableError(f"{name}: expected an SQLite database, got no such file")
        with self._worded():
            # Read on several threads, but on one at a time.
            place = f"{Path(path).resolve().as_uri()}?mode=ro"
            self._database = sqlite3.connect(place, uri=True, check_same_thread=False)
            self._database.execute("BEGIN")
            first = f"SELECT * FROM ({query}) LIMIT 0"  # noqa: S608 - the user's own query
            names = [column[0] for column in self._database.execute(first).description]
            self.schema = pa.schema(list(zip(names, self._types(query, len(names)), strict=True)))
        self._query = query

    @property
    def bytes_read(self) -> int:
        """0, since the number of rows is not known."""
        return 0

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        wanted = [self.schema.get_field_index(column) for column in columns]
        with self._worded():
            cursor = self._database.execute(self._query)
            while rows := cursor.fetchmany(_BLOCK_ROWS):
                parts = [_array([row[place] for row in rows], self.schema.field(place).type) for place in wanted]
                yield pa.record_batch(parts, names=list(columns))

    def _types(self, query: str, count: int) -> Iterator[pa.DataType]:
        names = [f"c{place}" for place in range(count)]
        found = ", ".join(f"group_concat(DISTINCT typeof({name}))" for name in names)
        text = f"WITH rows({', '.join(names)}) AS ({query}) SELECT {found} FROM rows"  # noqa: S608 - the user's own query
        (row,) = self._database.execute(text)
        for kinds in row:
            yield _TYPES.get(frozenset((kinds or "").split(",")) - {"null", ""}, pa.string())

    def _worded(self) -> AbstractContextManager[None]:
        return query_errors(self._name, "SQLite", sqlite3.Error)


def _array(values: Sequence[str | bytes | float | None], kind: pa.DataType) -> pa.Array:
    if kind == pa.float64():
        return pa.array([None if value is None else float(value) for value in values], kind)
    return pa.array([_text(value) for value in values] if kind == pa.string() else values, kind)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str) else str(value)
