"""Is a file scored faster than by the script that everybody writes, whatever the model, the format and the columns?"""

import csv
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import isclose
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from harness.contenders import valkey
from harness.options import read_options
from harness.processes import busy_loops
from harness.report import Report, ratio_text
from harness.rounds import Rounds, Spread, in_turn
from harness.runs import OURS, SCRIPT, Ending, Job, Run, run

ROWS = 1_000_000
WIDE_ROWS = 25_000
SLOW_ROWS = 500_000
FLIGHTS = 336_776
PROBABILITIES = ("predict", "predict_proba")


@dataclass(frozen=True, slots=True)
class Case:
    """One file and model, and what of the script's time and memory it may take.

    Attributes:
        table: the name that `harness.tables` knows.
        most: of the script's time.
        most_memory: of the script's peak; None where only that is shown.
        busy: loops that keep the cores busy meanwhile.
    """

    title: str
    table: str
    rows: int
    most: float
    ending: Ending = "csv"
    outputs: tuple[str, ...] = ("predict",)
    most_memory: float | None = None
    busy: int = 0


CASES = (
    Case("a logistic regression behind a scaler", "logistic", ROWS, 0.9),
    Case("a ridge regression behind a scaler", "ridge", ROWS, 0.9),
    Case("a network of 32 and 16 units", "network", ROWS, 0.9),
    Case("1,000 columns and a ridge regression", "wide", WIDE_ROWS, 0.9, most_memory=1.2),
    Case("1,000 columns and a ridge regression", "wide", WIDE_ROWS, 0.9, ending="parquet", most_memory=1.2),
    Case("a forest of 100 trees", "distinct", ROWS, 0.55),
    Case("a forest of 100 trees with probabilities", "distinct", ROWS, 0.8, outputs=PROBABILITIES),
    Case("a forest of 100 trees", "distinct", ROWS, 0.8, ending="parquet"),
    Case("flights, a ColumnTransformer and a forest of 100 trees", "flights", FLIGHTS, 0.7),
    Case("flights beside four busy loops", "flights", FLIGHTS, 1.1, busy=4),
)


def main() -> None:
    options = read_options(str(__doc__), seconds=None)
    report = Report(options.name, options.command)
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = {case.table: Job.made(case.table, folder / case.table, case.rows) for case in CASES}
        for case in CASES:
            duel(report, case, made[case.table], options.rounds)
        few = Case("one in twenty distinct, a support vector machine", "repeated", ROWS, 0.1)
        duel(report, few, Job.made(few.table, folder / few.table, few.rows), 1)
        again(report, Job.made("slow_distinct", folder / "slow", SLOW_ROWS))
        rejected(report, Job.made("rejected", folder / "rejected", ROWS))
        if find_spec("ray"):
            spread(report, made["flights"], options.rounds)
    report.finish()


def duel(report: Report, case: Case, job: Job, rounds: int) -> None:
    """Measure all contenders, hold our predictions against the script's, and add the table."""
    job = replace(job, ending=case.ending, outputs=case.outputs)
    title = f"{case.rows:,} rows of {case.ending}, {case.title}"
    with ExitStack() as loops:
        loops.enter_context(busy_loops(case.busy))
        if rounds > 1:
            in_turn(job.contenders, 1)
        found = in_turn(job.contenders, rounds)
    differing = apart(count_differing, *outputs(job))
    add(report, f"{title}; predictions that differ: {differing}", found)
    report.at_most(f"{title}: predictions that differ", Spread.of([differing]), 0)
    report.at_most(f"{title}: time of the script's", found.ratio(OURS, SCRIPT, seconds), case.most)
    if case.most_memory is not None:
        report.at_most(f"{title}: peak memory of the script's", found.ratio(OURS, SCRIPT, peak), case.most_memory)


def again(report: Report, job: Job) -> None:
    """Score the same file twice with one shared cache, the second time in a new process."""
    with valkey() as url:
        found = in_turn(dict.fromkeys(("first run", "second run"), lambda: job.ours("--redis-url", url)), 1)
    computed = json.loads((job.folder / "summary.json").read_text())["model_rows"]
    title = (
        f"{SLOW_ROWS:,} rows, all different, a support vector machine, Redis: rows computed the second time: {computed}"
    )
    add(report, title, found)
    report.at_least("second run, L2 warm: times faster", found.ratio("first run", "second run", seconds), 10)
    report.at_most("second run, L2 warm: rows computed", Spread.of([computed]), 0)


def rejected(report: Report, job: Job) -> None:
    """Read rows of which none can be scored, a decimal point being asked for where there are commas."""
    command = [*job.ours_command([job.source]), "--decimal", "."]
    found = in_turn({OURS: lambda: run(command, expected=(3,))}, 1)
    add(report, f"{ROWS:,} rows, all of them rejected", found)
    report.at_most("all rows rejected: seconds", found.spread(OURS, seconds), 10)


def spread(report: Report, job: Job, rounds: int) -> None:
    """Score the same flights in eight files, plainly and on a Ray of this machine."""
    parts = sorted(job.folder.glob("part-*.csv"))
    on_ray = ("--engine", "ray", "--output", str(job.folder / "parts"))
    found = in_turn(
        {"plain": lambda: job.ours_over(parts), "on a local Ray": lambda: job.ours_over(parts, *on_ray)}, rounds
    )
    add(report, f"{FLIGHTS:,} flights in {len(parts)} files", found)
    report.at_most("a local Ray: time of the plain run's", found.ratio("on a local Ray", "plain", seconds), 2)


def add(report: Report, title: str, found: Rounds[Run]) -> None:
    """Add a table of runs, the first contender the measure of the others."""
    first = next(iter(found.of))
    table = report.table(title, "contender", "s", "peak MB", "runs", f"time of {first}'s")
    for name, runs in found.of.items():
        most = found.spread(name, peak).most / 1e6
        ratio = ratio_text(found.ratio(name, first, seconds))
        table.rows.append([name, ratio_text(found.spread(name, seconds)), f"{most:.0f}", str(len(runs)), ratio])


def seconds(measured: Run) -> float:
    return measured.seconds


def peak(measured: Run) -> float:
    return measured.peak_bytes


def outputs(job: Job) -> tuple[Path, Path]:
    """Name the files that the script and we have written."""
    return job.output(SCRIPT), job.output(OURS)


def apart(function: Callable[..., int], *arguments: Path) -> int:
    """Call a function in a process of its own: the peak memory of a child counts what its parent held at the start."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def count_differing(theirs: Path, ours: Path) -> int:
    """Return how many predictions of two files are not the same."""
    return sum(not is_same(*pair) for pair in zip(predictions(theirs), predictions(ours), strict=True))


def predictions(path: Path) -> Iterator[str]:
    """Read the last column."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield from map(str, table.column(table.num_columns - 1).to_pylist())
        return
    with path.open(newline="") as file:
        yield from (row[-1] for row in csv.reader(file))


def is_same(ours: str, theirs: str) -> bool:
    """Tell whether a prediction is the same but for the last bits, which depend on how many rows a call has."""
    if ours == theirs:
        return True
    try:
        return isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        return False


if __name__ == "__main__":
    main()
