"""LabelledRows: a number per label for each row, such as the probabilities of classes, by column."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


class LabelledRows(Sequence[dict[str, float]]):
    """A sequence of one dict per row, each created when it is accessed.

    A file needs whole columns: creating a million dicts and taking them apart again costs more than a forest.
    """

    __slots__ = ("labels", "numbers")

    def __init__(self, labels: tuple[str, ...], numbers: Numbers) -> None:
        """Accept the numbers of all rows, shape (n, number of labels)."""
        self.labels = labels
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, rows: int) -> dict[str, float]: ...

    @overload
    def __getitem__(self, rows: slice) -> "LabelledRows": ...

    def __getitem__(self, rows: int | slice) -> "dict[str, float] | LabelledRows":
        if isinstance(rows, slice):
            return LabelledRows(self.labels, self.numbers[rows])
        return dict(zip(self.labels, self.numbers[rows].tolist(), strict=True))

    def __iter__(self) -> Iterator[dict[str, float]]:
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


def joined_rows(parts: Sequence[object]) -> LabelledRows | None:
    """Concatenate parts of one model's answer; None if one of them is not of this type."""
    held = [part for part in parts if isinstance(part, LabelledRows)]
    if len(held) < len(parts):
        return None
    return LabelledRows(held[0].labels, np.concatenate([part.numbers for part in held]))
