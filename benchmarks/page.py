"""Put what was measured last into docs/benchmarks.md, and draw its pictures: `page.py [NAME …]`.

What has no result in benchmarks/results, or is not named where others are, stays as it was published.
"""

import sys
from collections.abc import Collection
from pathlib import Path

from harness.pictures import PICTURES, drawn
from harness.processes import BENCHMARKS
from harness.published import MARKED
from harness.report import Report

PAGE = BENCHMARKS.parent / "docs" / "benchmarks.md"
PICTURES_FOLDER = PAGE.with_name("pictures")


def main() -> None:
    page = with_results(PAGE.read_text(), sys.argv[1:])
    PAGE.write_text(page)
    draw(page, PICTURES_FOLDER)


def with_results(page: str, names: Collection[str]) -> str:
    """Return the page with what was measured of the named parts, by default of all."""

    def put(name: str, before: str) -> str:
        part = "bench_hits" if name == "machine" else name
        if names and part.removeprefix("bench_") not in names:
            return before
        try:
            report = Report.read(part)
        except OSError:
            print(f"left as published: {name}", file=sys.stderr)
            return before
        return machine(report) if name == "machine" else measured(report)

    return MARKED.sub(lambda mark: mark[1] + put(mark[2], mark[0][len(mark[1]) : -len(mark[3])]) + mark[3], page)


def machine(report: Report) -> str:
    """Write what was measured on."""
    left_out = ("load before", "source")  # which differ by part
    return "".join(f"- {what}: {value}\n" for what, value in report.machine.items() if what not in left_out)


def measured(report: Report) -> str:
    """Write what a part has found."""
    facts = report.machine
    when = f"Measured {report.measured_at} at source {facts['source']}, load average before: {facts['load before']}."
    return f"\n```console\n$ {report.command}\n```\n\n{when}\n\n{report.markdown()}\n"


def draw(page: str, folder: Path) -> None:
    """Draw every picture of the page."""
    folder.mkdir(exist_ok=True)
    for picture in PICTURES:
        (folder / f"{picture.name}.svg").write_text(drawn(picture, page))


if __name__ == "__main__":
    main()
