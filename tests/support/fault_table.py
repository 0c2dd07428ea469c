"""What faults were measured to cost, as a table of a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.fault_load import Asked

COLUMNS = ("Redis is", "requests", "wrong", "failed", "added to a miss, p50 / p99", "to a batch", "to a hit in L1",
           "disabled after", "enabled again after")  # fmt: skip
SHOWN = (Asked.MISS, Asked.BATCH, Asked.HIT)
END = "<!-- end of what was measured -->\n"


@dataclass(frozen=True)
class Measured:
    """What one fault cost.

    Attributes:
        answered: requests that were answered while it lasted.
        added_ms: by what was requested, and by share of the requests: beyond what it took just before.
        out_s: until the shared cache was disabled; None where it stayed in use.
        back_s: from the end of the fault until it was in use again.
    """

    name: str
    answered: int
    wrong: int
    failed: int
    added_ms: Mapping[tuple[Asked, float], float]
    out_s: float | None
    back_s: float | None

    def cells(self) -> list[str]:
        """Return it as a row."""
        added = [" / ".join(f"{self.added_ms[asked, share]:.1f}" for share in (0.5, 0.99)) + " ms" for asked in SHOWN]
        out = "stays in use" if self.out_s is None else f"{self.out_s * 1000:.0f} ms"
        back = "" if self.back_s is None else f"{self.back_s:.1f} s"
        return [self.name, f"{self.answered:,}", str(self.wrong), str(self.failed), *added, out, back]


class FaultTable:
    """Rows as they are measured."""

    def __init__(self, mark: str = "measured") -> None:
        """Accept what marks the place of the table in its page."""
        self._begin = f"<!-- {mark} -->\n"
        self._rows: list[list[str]] = []

    def add(self, measured: Measured) -> None:
        """Add a row."""
        self._rows.append(measured.cells())

    def write(self, page: Path) -> None:
        """Put the table in the place that a page has for it."""
        rule = ["---"] * len(COLUMNS)
        lines = ["| " + " | ".join(cells) + " |\n" for cells in (list(COLUMNS), rule, *self._rows)]
        text = page.read_text()
        begin = text.index(self._begin) + len(self._begin)
        end = text.index(END, begin)
        page.write_text(text[:begin] + "".join(lines) + text[end:])
