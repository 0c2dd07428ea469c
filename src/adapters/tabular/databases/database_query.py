"""A query of a database as an input: `sqlite:///rows.db?query=SELECT …`."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote, unquote_plus

from foreseen.adapters.tabular.reading.typed_reader import TypedRows
from foreseen.domain.errors import TableError

_URL: Final = re.compile(r"(sqlite|duckdb)://(/?)([^?]*)(?:\?query=(.*))?", re.DOTALL)


class Query(NamedTuple):
    """A query, and its database.

    Attributes:
        name: for errors and rejects.
        path: of the database; empty for a database in memory.
    """

    name: str
    database: str
    path: str
    text: str


def is_query(source: str) -> bool:
    """Return whether an input is a query of a database."""
    return _URL.match(source) is not None


def query_of(source: str) -> Query:
    """Return the query of a URL; its text is decoded like a URL unless it contains a blank.

    Raises:
        TableError: there is none.
    """
    found = _URL.fullmatch(source)
    if found is None or not found[4]:
        shown = source.partition("?")[0]
        raise TableError(f"{shown}: expected a query behind it, as ?query=TEXT, got none")
    text = found[4] if " " in found[4] else unquote_plus(found[4])
    name = f"{found[1]}://{found[2]}{found[3]}"
    return Query(name, found[1], unquote(found[3]), text.strip().rstrip(";"))


class QueryRows(TypedRows, Protocol):
    """The rows of a query, whose database stays open until it is closed."""

    def close(self) -> None:
        """Close the database."""


def rows_of(query: Query) -> QueryRows:
    """Run a query; raise TableError if it fails."""
    return _DATABASES[query.database](query)


def _sqlite(query: Query) -> QueryRows:
    from foreseen.adapters.tabular.databases.sqlite_rows import SqliteRows  # noqa: PLC0415 - imported if it is used

    return SqliteRows(query.path, query.text, name=query.name)


def _duckdb(query: Query) -> QueryRows:
    from foreseen.adapters.tabular.databases.duckdb_rows import DuckdbRows  # noqa: PLC0415 - an extra

    return DuckdbRows(query.path, query.text, name=query.name)


_DATABASES: Final[Mapping[str, Callable[[Query], QueryRows]]] = {"sqlite": _sqlite, "duckdb": _duckdb}
