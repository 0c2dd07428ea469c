"""The rows of a DuckDB query, over a database or over files."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from foreseen.adapters.tabular.databases.query_errors import query_errors
from foreseen.adapters.tabular.reading.typed_reader import TypedRows
from foreseen.domain.errors import TableError

if TYPE_CHECKING:
    import duckdb

_BLOCK_ROWS: Final = 16_384
_READING: Final = {"ATTACH", "CALL", "CREATE", "LOAD", "MULTI", "PRAGMA", "SELECT", "SET", "VARIABLE_SET"}
"""Kinds of statements that answer a query, or prepare one as `CREATE SECRET` does; `PIVOT` is MULTI. Others write, and
`EXPLAIN ANALYZE` runs what it explains."""
_NO_WORDS: Final = re.compile(
    r"(?<!\w)[eE]'(?:\\.|''|[^'\\])*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
"""Texts, names in quotes, and comments."""
_COPIES: Final = re.compile(r"\bCOPY\b.*\bTO\b", re.IGNORECASE | re.DOTALL)
_IS_READ_ONLY: Final = re.compile(r"\((?:[^()]*,)?\s*READ_ONLY(?:\s+TRUE)?\s*(?:,[^()]*)?\)[\s;]*\Z", re.IGNORECASE)


class DuckdbRows(TypedRows):
    """The rows of a query, in DuckDB's own types."""

    is_typed = True
    first_line = 1

    def __init__(self, path: str, query: str, *, name: str) -> None:
        """Open a database read-only, or one in memory.

        Raises:
            TableError: there is none, the query fails, or the library is missing.
        """
        try:
            import duckdb  # noqa: PLC0415 - an extra
        except ImportError:
            raise TableError(f"{name}: expected duckdb to be installed; install foreseen[duckdb]") from None
        self._name = name
        self._error = duckdb.Error
        with self._worded():
            self._database = duckdb.connect(path or ":memory:", read_only=bool(path))
            self._check(self._database.extract_statements(query))
            found = self._database.sql(query)
            if found is None:
                raise TableError(f"{name}: expected a query that has rows, got another statement")
            self._reader = found.to_arrow_reader(_BLOCK_ROWS)
            self.schema = self._reader.schema

    @property
    def bytes_read(self) -> int:
        """0, since the number of rows is not known."""
        return 0

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        with self._worded():
            for batch in self._reader:
                yield batch.select(list(columns))

    def _check(self, statements: Sequence["duckdb.Statement"]) -> None:
        """Raise TableError for statements that write: even with a read-only database they could write to files."""
        for statement in statements:
            kind, words = statement.type.name, _NO_WORDS.sub("''", statement.query)
            if kind not in _READING:
                raise self._writes(f"a statement of the kind {kind}")
            if _COPIES.search(words):  # as a part of a query: WITH t AS (COPY …)
                raise self._writes("COPY … TO within it")
            if kind == "ATTACH" and not _IS_READ_ONLY.search(words):  # it creates a database that does not exist
                raise TableError(f"{self._name}: expected ATTACH … (READ_ONLY), got one that may write")

    def _writes(self, got: str) -> TableError:
        return TableError(f"{self._name}: expected a query that only reads, got {got}")

    def _worded(self) -> AbstractContextManager[None]:
        return query_errors(self._name, "DuckDB", self._error, OSError)
