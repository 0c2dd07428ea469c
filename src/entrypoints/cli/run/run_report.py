"""The report of a scoring run: a table for a person, JSON for a program, a line for rejects."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.table import Table

from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored
from foreseen.entrypoints.batch.run_summary import Summary
from foreseen.entrypoints.cli.process.exit_codes import worded
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.operator_lines import lines_are_json, write_line
from foreseen.settings import Settings
from foreseen.wiring.files import output_file
from foreseen.wiring.scoring import Scoring

_SHOWN_NOTICES: Final = 20
"""Most notices to show; a wide file may have one for each of its columns."""


class RunReport:
    """Follows a run, and writes its summary if it fails; `sum_up` reports one that succeeds.

    Attributes:
        scored: the rows scored so far.
    """

    def __init__(self, settings: Settings, path: str | None) -> None:
        """Accept the path of the summary; None for no summary."""
        self.scored = Scored()
        self._before = Scored()
        self._settings = settings
        self._path = path
        self._scoring: Scoring | None = None
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def begin(self, scoring: Scoring) -> None:
        """Start the clock, now that the model is loaded."""
        self._scoring = scoring
        self._started = time.perf_counter()

    def go_on(self, before: Scored) -> None:
        """Continue from the rows that an earlier run has scored."""
        self._before = self.scored = before

    def following(self, show: Callable[[Scored], None]) -> Callable[[Scored], None]:
        """Return a callback that records progress here before it is shown."""

        def note(scored: Scored) -> None:
            self.scored = scored
            show(scored)

        return note

    def summary(self, error: str | None = None) -> Summary:
        """Return the summary of the run so far."""
        seconds, scoring = time.perf_counter() - self._started, self._scoring
        if scoring is None:
            return Summary.of_no_model(error or "", seconds=seconds, settings=self._settings)
        return Summary.of(
            scoring.predict,
            self.scored,
            before=self._before,
            seconds=seconds,
            settings=scoring.settings,
            notices=scoring.tables.notices.listed(),
            error=error,
        )

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if exc is not None and self._path is not None:
            with suppress(TableError):  # the first error is the one to report
                _write(self.summary(worded(exc)), self._path)


def sum_up(summary: Summary, *, path: str | None, how: Progression, rejects: Path | str | None) -> None:
    """Report on a finished run: in full where its progress was shown, otherwise only notices and the rejects.

    Raises:
        TableError: the summary cannot be written.
    """
    if path is not None:
        _write(summary, path)
    if how is Progression.PLAIN or (how is Progression.AUTO and sys.stderr.isatty()):
        _show(summary)
    show_notices(summary.notices)
    if summary.rejected:
        noun = "row" if summary.rejected == 1 else "rows"
        write_line(f"rejected {summary.rejected:,} {noun}, see {rejects}", level="warning", rejects=str(rejects))


def _write(summary: Summary, path: str) -> None:
    with output_file(path) as file:
        file.write(summary.as_json())


def _show(summary: Summary) -> None:
    if lines_are_json():
        write_line("scored", level="info", **asdict(summary))
        return
    table = Table.grid(padding=(0, 2))
    for what, said in summary.lines():
        table.add_row(what, said)
    Console(stderr=True, highlight=False, soft_wrap=True).print(table)


def show_notices(notices: Sequence[Notice]) -> None:
    """Write a line for each of the first notices, and the number of the others."""
    for notice in notices[:_SHOWN_NOTICES]:
        write_line(str(notice), level="warning")
    if len(notices) > _SHOWN_NOTICES:
        more = len(notices) - _SHOWN_NOTICES
        write_line(f"and {more:,} more such notices, which --summary lists", level="warning")
