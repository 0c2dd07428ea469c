"""The rows of a query that DuckDB answers, over a database or over files."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import pyarrow as pa

from foreseen.adapters.tabular.sources.query_errors import query_errors
from foreseen.adapters.tabular.typed_reader import TypedRows
from foreseen.domain.errors import TableError

_BLOCK_ROWS = 16_384


class DuckdbRows(TypedRows):
    """Rows as they come."""

    is_typed = True
    first_line = 1

    def __init__(self, path: str, query: str, *, name: str) -> None:
        """Open a database that is only read, or none.

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
            found = self._database.sql(query)
            if found is None:
                raise TableError(f"{name}: expected a query that has rows, got another statement")
            self._reader = found.to_arrow_reader(_BLOCK_ROWS)
            self.schema = self._reader.schema

    @property
    def bytes_read(self) -> int:
        """Nothing: how many rows there are is not known."""
        return 0

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        with self._worded():
            for batch in self._reader:
                yield batch.select(list(columns))

    def _worded(self) -> AbstractContextManager[None]:
        return query_errors(self._name, "DuckDB", self._error, OSError)
