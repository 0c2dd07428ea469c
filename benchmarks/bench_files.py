"""Is a file scored faster than by the script that everybody writes: all rows new, most of them known, or all?"""

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.contenders import valkey
from harness.options import read_options
from harness.report import Report, ratio_text
from harness.rounds import Rounds, Spread, in_turn
from harness.runs import Job, Run

ROWS = 1_000_000
SLOW_ROWS = 500_000
FLIGHTS = 336_776
SCRIPT, OURS = "script", "foreseen score"


def main() -> None:
    options = read_options(str(__doc__), seconds=None)
    report = Report(options.name, options.command)
    with TemporaryDirectory() as name:
        folder = Path(name)
        forest = Job.made("distinct", folder / "forest", ROWS)
        measured = duel(report, f"{ROWS:,} rows, all different, a forest of 100 trees", forest, options.rounds)
        report.at_most("all different, forest: wall time of the script's", measured.ratio(OURS, SCRIPT, seconds), 0.7)

        year = Job.made("flights", folder / "flights", FLIGHTS)
        title = f"{FLIGHTS:,} flights, a ColumnTransformer and a forest of 100 trees"
        measured = duel(report, title, year, options.rounds)
        report.at_most("flights: wall time of the script's", measured.ratio(OURS, SCRIPT, seconds), 0.8)

        few = Job.made("repeated", folder / "few", ROWS)
        title = f"{ROWS:,} rows, one in twenty distinct, a support vector machine"
        measured = duel(report, title, few, 1)
        report.at_least("5 % distinct, slow model: times faster", measured.ratio(SCRIPT, OURS, seconds), 10)
        again(report, Job.made("slow_distinct", folder / "slow", SLOW_ROWS))
    report.finish()


def duel(report: Report, title: str, job: Job, rounds: int) -> Rounds[Run]:
    """Measure both, hold their predictions against each other, and add the table."""
    contenders = {SCRIPT: job.script, OURS: job.ours}
    if rounds > 1:
        in_turn(contenders, 1)
    found = in_turn(contenders, rounds)
    differing = sum(mine != theirs for mine, theirs in zip(*map(predictions, outputs(job)), strict=True))
    add(report, f"{title}; predictions that differ: {differing}", found)
    report.at_most(f"{title}: predictions that differ", Spread(differing, differing, differing), 0)
    return found


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
    report.at_most("second run, L2 warm: rows computed", Spread(computed, computed, computed), 0)


def add(report: Report, title: str, found: Rounds[Run]) -> None:
    """Add a table of runs, the first contender the measure of the others."""
    first = next(iter(found.of))
    table = report.table(title, "contender", "s", "peak MB", "runs", f"time of {first}'s")
    for name, runs in found.of.items():
        peak = found.spread(name, lambda run: run.peak_bytes / 1e6)
        ratio = ratio_text(found.ratio(name, first, seconds))
        table.rows.append([name, ratio_text(found.spread(name, seconds)), f"{peak.most:.0f}", str(len(runs)), ratio])


def seconds(run: Run) -> float:
    return run.seconds


def outputs(job: Job) -> tuple[Path, Path]:
    """Name the files that both have written."""
    return job.folder / "script.csv", job.folder / "out.csv"


def predictions(path: Path) -> list[str]:
    """Read the last column."""
    with path.open(newline="") as file:
        return [row[-1] for row in csv.reader(file)]


if __name__ == "__main__":
    main()
