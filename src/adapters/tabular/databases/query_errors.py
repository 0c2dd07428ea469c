"""A database's errors about a query, as errors of the input."""

from collections.abc import Iterator
from contextlib import contextmanager

from foreseen.domain.errors import TableError


@contextmanager
def query_errors(name: str, database: str, *errors: type[Exception]) -> Iterator[None]:
    """Raise a TableError in place of errors of a database, with the first line of their message.

    Args:
        name: of the query, in the error.
        database: the name of the database's product.
    """
    try:
        yield
    except errors as exc:
        said = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise TableError(f"{name}: expected a query that {database} answers, got: {said}") from exc
