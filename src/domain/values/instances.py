"""Instances: the instances of a request, by column or by row, until the model is called."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol

from foreseen.domain.values.batch import Batch, joined
from foreseen.domain.values.signature import Signature


class Instances(Protocol):
    """Valid instances, some of which may have to be computed."""

    def take(self, rows: Sequence[int]) -> Batch:
        """Return the instances with these numbers, in this order."""


class Rows:
    """Instances as they were read, each with a Python value per feature.

    Most of them are known to a cache, and a batch of one instance costs more than the rest of its request: so a batch
    is made when the model is called, of all that wait for it.
    """

    __slots__ = ("signature", "values")

    def __init__(self, signature: Signature, values: Sequence[Sequence[Any]]) -> None:
        """Accept instances that are valid under the signature."""
        self.signature = signature
        self.values = values

    def take(self, rows: Sequence[int]) -> Batch:
        """Return the instances with these numbers, in this order."""
        return Batch.of_rows(self.signature, [self.values[row] for row in rows])


def gathered(parts: Iterable[tuple[Instances, Sequence[int]]]) -> Batch:
    """Put instances of one signature together, in order: of each part those with these numbers."""
    return joined([batch for is_rows, group in groupby(parts, _is_rows) for batch in _batches(group, is_rows=is_rows)])


def _is_rows(part: tuple[Instances, Sequence[int]]) -> bool:
    return isinstance(part[0], Rows)


def _batches(parts: Iterable[tuple[Any, Sequence[int]]], *, is_rows: bool) -> Iterator[Batch]:
    if not is_rows:
        yield from (instances.take(rows) for instances, rows in parts)
        return
    together = list(parts)
    yield Batch.of_rows(
        together[0][0].signature, [instances.values[row] for instances, rows in together for row in rows]
    )
