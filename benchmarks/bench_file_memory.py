"""Does scoring ten million rows take more memory than scoring a hundred thousand?"""

from pathlib import Path
from tempfile import TemporaryDirectory

from harness.options import read_options
from harness.report import Report, ratio_text
from harness.rounds import Spread
from harness.runs import Job

ROWS = (100_000, 1_000_000, 10_000_000)
FLAT = 1.2
MOST_MB = 600


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=1)
    report = Report(options.name, options.command)
    table = report.table("Peak memory of foreseen score, a forest of 100 trees, iris", "rows", "peak MB", "s", "rows/s")
    peaks: list[Spread] = []
    with TemporaryDirectory() as folder:
        for rows in ROWS:
            job = Job.made("distinct", Path(folder) / str(rows), rows)
            runs = [job.ours() for _ in range(options.rounds)]
            peaks.append(Spread.of([run.peak_bytes / 1e6 for run in runs]))
            took = Spread.of([run.seconds for run in runs])
            table.rows.append([f"{rows:,}", ratio_text(peaks[-1]), ratio_text(took), f"{rows / took.median:,.0f}"])
    least = min(peak.median for peak in peaks)
    report.at_most("peak memory, most of least", Spread.of([peak.median / least for peak in peaks][-1:]), FLAT)
    report.at_most("peak MB", Spread.of([max(peak.most for peak in peaks)]), MOST_MB)
    report.finish()


if __name__ == "__main__":
    main()
