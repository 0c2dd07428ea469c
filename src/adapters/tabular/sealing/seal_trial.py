"""Checks, before any row is scored, that a format has the types of all columns, by writing a file without rows."""

import io

import pyarrow as pa

from foreseen.adapters.tabular.sealing.seals import Seal
from foreseen.domain.errors import TableError


def try_seal(seal: Seal, schema: pa.Schema, *, what: str, name: str) -> None:
    """Write a file without rows to memory.

    Args:
        what: names the format.
        name: the output, as errors call it.
    Raises:
        TableError: the format has no type for a column.
    """
    if not _lacks(seal, schema):
        return
    for field in schema:
        if lacks := _lacks(seal, pa.schema([field])):
            expected = f"expected columns of types that {what} has, got {field.name!r} of {field.type}"
            raise TableError(f"{name}: {expected} ({lacks}); --keep leaves columns out, --output-format csv writes it")
    raise TableError(f"{name}: expected columns that {what} holds: {_lacks(seal, schema)}")


def _lacks(seal: Seal, schema: pa.Schema) -> str:
    """Return Arrow's message about types that a format lacks; empty if it has all."""
    try:
        seal(io.BytesIO(schema.serialize().to_pybytes()), io.BytesIO())
    except (pa.ArrowException, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:  # the disk's, not the format's
            raise
        return (str(exc).splitlines() or [type(exc).__name__])[0]
    return ""
