"""Progress of a scoring run: a bar on a terminal, lines for a log, nothing in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from foreseen.domain.bulk.bulk import BulkPredict
from foreseen.domain.counters import Tally
from foreseen.domain.tables.table import Scored, TableReader
from foreseen.entrypoints.cli.run.progress_style import Progression

PLAIN_EVERY_S: Final = 5.0
"""Least seconds between two lines."""

Show = Callable[[Scored], None]


@contextmanager
def shown_progress(
    predict: BulkPredict, reader: TableReader, size: int, *, how: Progression, before: Scored
) -> Iterator[Show]:
    """Show the progress of a run on standard error; yield a callback for the rows scored so far.

    Args:
        size: total bytes to read; 0 if unknown.
        before: the rows scored by an earlier run.
    """
    if how is Progression.PLAIN:
        yield _Lines(predict.tally, reader, size, before)
    elif how is Progression.AUTO and sys.stderr.isatty():
        with _bar(predict.tally, reader, size, before) as show:
            yield show
    else:
        yield lambda _: None


@contextmanager
def _bar(tally: Tally, reader: TableReader, size: int, before: Scored) -> Iterator[Show]:
    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(compact=True),
    )
    started = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=size or None, said="")

        def show(scored: Scored) -> None:
            said = _said(tally, scored, before, time.perf_counter() - started)
            bar.update(task, completed=reader.bytes_read, said=said)

        yield show


class _Lines:
    """Writes a line every `PLAIN_EVERY_S` seconds."""

    def __init__(self, tally: Tally, reader: TableReader, size: int, before: Scored) -> None:
        self._tally = tally
        self._reader = reader
        self._size = size
        self._before = before
        self._started = self._shown_at = time.perf_counter()

    def __call__(self, scored: Scored) -> None:
        now = time.perf_counter()
        if now - self._shown_at < PLAIN_EVERY_S:
            return
        self._shown_at = now
        spent_s, read = now - self._started, self._reader.bytes_read
        left = f", {spent_s * (self._size - read) / read:,.0f} s left" if self._size and read else ""
        print(f"{_said(self._tally, scored, self._before, spent_s)}{left}", file=sys.stderr, flush=True)  # noqa: T201


def _said(tally: Tally, scored: Scored, before: Scored, seconds: float) -> str:
    """Return rows, rows per second, shares of hits by tier, and rejected rows, in words."""
    rows = scored.rows + scored.rejected
    here = rows - before.rows - before.rejected
    parts = [f"{rows:,} rows", f"{here / seconds:,.0f} rows/s" if seconds else "0 rows/s"]
    answered = max(1, tally.hits_l1 + tally.hits_l2 + tally.misses + tally.coalesced)
    parts += [f"L1 {tally.hits_l1 / answered:.0%}"]
    parts += [f"L2 {tally.hits_l2 / answered:.0%}"] if tally.hits_l2 else []
    parts += [f"repeated {tally.coalesced / answered:.0%}"] if tally.coalesced else []
    return ", ".join([*parts, f"{scored.rejected:,} rejected"])
