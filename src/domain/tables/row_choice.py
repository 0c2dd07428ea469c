"""RowChoice: which rows of an input are scored, and how many at a time."""

from dataclasses import dataclass

from foreseen.domain.tables.condition import Condition


@dataclass(frozen=True, slots=True)
class Sample:
    """A part of the rows, drawn by chance; the same seed draws the same rows of the same files.

    Attributes:
        share: of the rows, above 0 and below 1; None for a number of them.
        count: how many rows; None for a share.
        seed: begins another draw.
    """

    share: float | None = None
    count: int | None = None
    seed: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        size = f"{self.count} rows" if self.count is not None else f"{self.share:.10g} of the rows"
        return f"a sample of {size} with seed {self.seed}"


@dataclass(frozen=True, slots=True)
class RowChoice:
    """Which rows are scored: those that a condition holds for, of these a sample, and of that the first.

    Attributes:
        where: the condition; None for all rows.
        sample: None for all rows.
        limit: how many rows at most; None for all.
        chunk_rows: maximum rows of a chunk; None for as many as the reader returns.
    """

    where: Condition | None = None
    sample: Sample | None = None
    limit: int | None = None
    chunk_rows: int | None = None

    def __str__(self) -> str:
        """Return it in words; two choices that differ have different words."""
        said = [
            f"where {self.where.text}" if self.where else "",
            str(self.sample or ""),
            f"the first {self.limit}" if self.limit else "",
            f"{self.chunk_rows} at a time" if self.chunk_rows else "",
        ]
        return ", ".join(filter(None, said)) or "all"


ALL_ROWS = RowChoice()
