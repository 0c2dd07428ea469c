"""LabelledRows: a number of each label for each row, such as the probabilities of classes, held by column."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


class LabelledRows(Sequence[dict[str, Any]]):
    """A sequence of one dict a row, each made when it is looked at.

    A file needs one column after the other; a million dicts that are taken apart again cost more than a forest.
    """

    __slots__ = ("labels", "numbers")

    def __init__(self, labels: tuple[str, ...], numbers: Numbers) -> None:
        """Accept the numbers of all rows, shape (n, number of labels)."""
        self.labels = labels
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, rows: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, rows: slice) -> "LabelledRows": ...

    def __getitem__(self, rows: int | slice) -> "dict[str, Any] | LabelledRows":
        if isinstance(rows, slice):
            return LabelledRows(self.labels, self.numbers[rows])
        return dict(zip(self.labels, self.numbers[rows].tolist(), strict=True))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.numbers.tolist():
            yield dict(zip(self.labels, row, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((self.labels, len(self)))

    def take(self, rows: Sequence[int]) -> "LabelledRows":
        """Return the rows with these numbers, in this order."""
        return LabelledRows(self.labels, self.numbers[np.asarray(rows, dtype=np.intp)])

    def column(self, label: str) -> Numbers:
        """Return the number of one label for each row."""
        return self.numbers[:, self.labels.index(label)]


def joined_rows(parts: Sequence[Any]) -> LabelledRows | None:
    """Return parts of one model's answer one after the other; None where one of them is held otherwise."""
    if not all(isinstance(part, LabelledRows) for part in parts):
        return None
    return LabelledRows(parts[0].labels, np.concatenate([part.numbers for part in parts]))
