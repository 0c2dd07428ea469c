"""What a benchmark found: tables and targets, printed as Markdown and kept as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.machine import facts
from harness.processes import BENCHMARKS
from harness.rounds import Spread

RESULTS = BENCHMARKS / "results"


@dataclass(frozen=True, slots=True)
class Target:
    """What was wanted, what was measured, and whether the one reaches the other."""

    wanted: str
    measured: str
    is_reached: bool


@dataclass(slots=True)
class Table:
    """Columns and rows of text; those after the first column stand on the right."""

    title: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """Everything that one benchmark found."""

    name: str
    command: str
    machine: dict[str, str] = field(default_factory=facts)
    measured_at: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    not_measured: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, name: str) -> "Report":
        """Read what a benchmark kept.

        Raises:
            OSError: it has not been run.
        """
        kept: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
        tables = [Table(**table) for table in kept.pop("tables")]
        return cls(**kept | {"tables": tables, "targets": [Target(**target) for target in kept["targets"]]})

    def table(self, title: str, *columns: str) -> Table:
        """Begin a table."""
        self.tables.append(Table(title, columns))
        return self.tables[-1]

    def at_least(self, wanted: str, measured: Spread, limit: float) -> None:
        """Hold a measured ratio against its target."""
        self.targets.append(Target(f"{wanted}: at least {limit:g}", ratio_text(measured), measured.median >= limit))

    def at_most(self, wanted: str, measured: Spread, limit: float) -> None:
        """Hold a measured value against the most that it may be."""
        self.targets.append(Target(f"{wanted}: at most {limit:g}", ratio_text(measured), measured.median <= limit))

    def finish(self) -> None:
        """Print everything, and keep it."""
        print(f"# {self.name}, {self.measured_at}\n")
        print("\n".join(f"{name}: {value}" for name, value in self.machine.items()), end="\n\n")
        print(self.markdown())
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=2) + "\n")

    def markdown(self) -> str:
        """Write tables, targets, and what could not be measured and why."""
        verdicts = Table("", ["target", "measured", "reached"])
        verdicts.rows = [[each.wanted, each.measured, "yes" if each.is_reached else "**no**"] for each in self.targets]
        texts = [_table_text(table) for table in [*self.tables, verdicts] if table.rows]
        return "\n".join([*texts, *(f"Not measured: {why}.\n" for why in self.not_measured)])


def ratio_text(spread: Spread) -> str:
    """Write a ratio, with its spread where it has one."""
    if spread.least == spread.most:
        return _short(spread.median)
    return f"{_short(spread.median)} ({_short(spread.least)}-{_short(spread.most)})"


def count_text(spread: Spread) -> str:
    """Write a large number with its spread."""
    return f"{spread.median:,.0f} ({spread.least:,.0f}-{spread.most:,.0f})"


def _short(value: float) -> str:
    return (
        f"{value:.0f}"
        if value >= 100
        else f"{value:.1f}"
        if value >= 10
        else f"{value:.2f}"
        if value >= 1
        else f"{value:.3f}"
    )


def _table_text(table: Table) -> str:
    lines = [list(table.columns), *table.rows]
    widths = [max(3, *(len(line[place]) for line in lines)) for place in range(len(table.columns))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [lines[0], rule, *lines[1:]]
    ]
    head = f"{table.title}\n\n" if table.title else ""
    return head + "".join(f"| {' | '.join(line)} |\n" for line in padded)
