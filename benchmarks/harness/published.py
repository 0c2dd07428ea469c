"""What docs/benchmarks.md shows: between the marks of a part, tables below their titles."""

import re

from harness.report import Table

MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
TABLE = re.compile(r"^(.+)\n\n((?:\|.*\|\n)+)", re.MULTILINE)


def tables_of(page: str, part: str) -> dict[str, Table]:
    """Return the tables of a part by their titles."""
    for mark in MARKED.finditer(page):
        if mark[2] == part:
            return {title: _table(title, lines.splitlines()) for title, lines in TABLE.findall(mark[0])}
    return {}


def _table(title: str, lines: list[str]) -> Table:
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return Table(title, head, rows)
