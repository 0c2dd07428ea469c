"""How far a scoring run has come, shown on a terminal and nowhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from foreseen.domain.predict import Predict
from foreseen.domain.table import Scored, TableReader


@contextmanager
def shown_progress(predict: Predict, reader: TableReader, size: int) -> Iterator[Callable[[Scored], None]]:
    """Show on a terminal how far the run has come; show nothing in a pipe."""
    columns = (
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TextColumn("{task.fields[hits]:.0%} hits"),
        TimeRemainingColumn(),
    )
    started = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=size or None, rows=0, rate=0.0, hits=0.0)

        def show(scored: Scored) -> None:
            rows = scored.rows + scored.rejected
            rate = rows / (time.perf_counter() - started)
            bar.update(task, completed=reader.bytes_read, rows=rows, rate=rate, hits=predict.tally.hit_ratio)

        yield show
