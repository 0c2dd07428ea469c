"""Put what was measured last into docs/benchmarks.md, each table under its heading: between the marks of its name."""

import re
import sys

from harness.processes import BENCHMARKS
from harness.report import Report

PAGE = BENCHMARKS.parent / "docs" / "benchmarks.md"
MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    PAGE.write_text(MARKED.sub(lambda mark: mark[1] + measured(mark[2]) + mark[3], PAGE.read_text()))


def measured(name: str) -> str:
    """Write what stands between the marks of a name."""
    try:
        report = Report.read("bench_hits" if name == "machine" else name)
    except OSError:
        sys.exit(f"expected benchmarks/results/{name}.json: run benchmarks/{name}.py first")
    if name == "machine":
        facts = "".join(f"- {what}: {value}\n" for what, value in report.machine.items() if what != "load before")
        return f"{facts}"
    told = f"Measured {report.measured_at}, load average before: {report.machine['load before']}."
    return f"\n```console\n$ {report.command}\n```\n\n{told}\n\n{report.markdown()}\n"


if __name__ == "__main__":
    main()
