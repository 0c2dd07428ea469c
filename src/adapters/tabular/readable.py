"""What is the same of every format: which columns there have to be, and what becomes of rows that cannot be read."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from foreseen.domain.batch import Batch
from foreseen.domain.errors import TableError
from foreseen.domain.near import near_hint
from foreseen.domain.signature import Feature, Signature
from foreseen.domain.table import Chunk, Lines, Reject

_SHOWN_LENGTH: Final = 400

Refused = dict[int, tuple[str, str]]
"""Column and reason, by row."""


def check_columns(columns: Sequence[str], signature: Signature, name: str) -> None:
    """See to it that each column is there once, and one for each feature.

    Raises:
        TableError: one is not.
    """
    known = set(columns)
    if len(known) < len(columns):
        twice = min(column for column, count in Counter(columns).items() if count > 1)
        raise TableError(f"{name}: expected each column once, got {twice!r} twice")
    for feature in signature.names:
        if feature not in known:
            hint = near_hint(feature, known - set(signature.names))
            got = f"expected a column {feature!r}, got {listed(columns)}"
            raise TableError(f"{name}: {got}" + (f"; {hint}" if hint else ""))


def listed(columns: Sequence[str], most: int = 40) -> str:
    """Name columns, but not a million of them, nor one of a million characters."""
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    text = ", ".join(column[:_SHOWN_LENGTH] for column in columns[:most])
    text = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text) + more


def read_columns(
    signature: Signature, table: pa.RecordBatch, read: Callable[[Feature, pa.Array], tuple[Any, dict[int, str]]]
) -> tuple[dict[str, Any], Refused]:
    """Read each feature's column; a refused row is refused for its first column at fault."""
    columns: dict[str, Any] = {}
    refused: Refused = {}
    for feature in signature.features:
        values, reasons = read(feature, table.column(feature.name))
        columns[feature.name] = values
        refused = {row: (feature.name, reason) for row, reason in reasons.items()} | refused
    return columns, refused


def rejects_of(
    refused: Refused, table: pa.RecordBatch, lines: Lines, source: str, as_text: Callable[[Any, int], str]
) -> list[Reject]:
    """Make rejects of the refused rows of a table, in its order."""
    return [
        Reject(source, int(lines[row]), *refused[row], as_text(table, row))  # their column, and the reason
        for row in sorted(refused)
    ]


def readable(signature: Signature, whole: Chunk, columns: Mapping[str, Any], refused: Refused) -> Chunk:
    """Give a chunk without its refused rows, the others as instances."""
    count = whole.table.num_rows
    if len(refused) == count:
        return replace(whole, table=None, lines=())
    chunk = replace(whole, batch=Batch.of(signature, columns))
    if not refused:
        return chunk
    keep = np.ones(count, dtype=bool)
    keep[list(refused)] = False
    return replace(chunk.take(np.flatnonzero(keep)), rejects=whole.rejects)  # type: ignore[arg-type]
