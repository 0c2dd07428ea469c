"""What a scoring run tells when it is over: a table for a person, JSON for a program, a line of what was left out."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from foreseen.domain.notices import Notice
from foreseen.entrypoints.batch.summary import Summary
from foreseen.entrypoints.cli.progression import Progression
from foreseen.scoring import ScoringContainer

_SHOWN_NOTICES: Final = 20
"""Notices that are shown; a wide file may have one for each of its columns."""


def sum_up(
    summary: Summary, container: ScoringContainer, *, path: Path | None, how: Progression, rejects: Path | None
) -> None:
    """Tell what a run did, as loudly as its progress was shown; a pipe hears of rejected rows and notices only.

    Raises:
        TableError: the summary cannot be written.
    """
    if path is not None:
        with container.whole_file(path) as file:
            file.write(summary.as_json())
    if how is Progression.PLAIN or (how is Progression.AUTO and sys.stderr.isatty()):
        table = Table.grid(padding=(0, 2))
        for what, said in summary.lines():
            table.add_row(what, said)
        Console(stderr=True, highlight=False, soft_wrap=True).print(table)
    show_notices(summary.notices)
    if summary.rejected:
        noun = "row" if summary.rejected == 1 else "rows"
        print(f"foreseen: rejected {summary.rejected:,} {noun}, see {rejects}", file=sys.stderr)  # noqa: T201


def show_notices(notices: Sequence[Notice]) -> None:
    """Write a line for each of the first notices, and how many more there are."""
    for notice in notices[:_SHOWN_NOTICES]:
        print(f"foreseen: {notice}", file=sys.stderr)  # noqa: T201
    if len(notices) > _SHOWN_NOTICES:
        more = len(notices) - _SHOWN_NOTICES
        print(f"foreseen: and {more:,} more such notices, which --summary lists", file=sys.stderr)  # noqa: T201
