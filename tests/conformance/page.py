"""The table of what the servers that were checked do, as docs/conformance.md shows it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from conformance.levels import LEVELS, NOT_APPLICABLE, NOT_SERVED
from conformance.report import FAILED, PASSED, Finding

BEGIN: Final = "<!-- conformance -->"
END: Final = "<!-- /conformance -->"
_LONGEST: Final = 110


def with_tables(page: str, reports: Mapping[str, Sequence[Finding]]) -> str:
    """Return a page whose part between the marks is what these reports say, by the title of the server."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{counts(reports)}\n\n{differences(reports)}\n{END}{after}"


def counts(reports: Mapping[str, Sequence[Finding]]) -> str:
    """Return the table of how many checks of each level passed."""
    lines = [_row("level", *reports), _row("---", *("---" for _ in reports))]
    lines += [_row(level, *(_count(level, report) for report in reports.values())) for level in LEVELS]
    return "\n".join(lines)


def _count(level: str, report: Iterable[Finding]) -> str:
    outcomes = [finding.outcome for finding in report if finding.level == level]
    asked = outcomes.count(PASSED) + outcomes.count(FAILED)
    others = [f"{outcomes.count(kind)} {kind}" for kind in (NOT_SERVED, NOT_APPLICABLE) if kind in outcomes]
    return ", ".join([f"{outcomes.count(PASSED)} of {asked}", *others])


def differences(reports: Mapping[str, Sequence[Finding]]) -> str:
    """Return a table of the checks that a server fails, with what was seen."""
    by_check = {title: {finding.id: finding for finding in report} for title, report in reports.items()}
    found = [finding for report in reports.values() for finding in report if finding.outcome == FAILED]
    failed = {finding.id: finding for level in LEVELS for finding in found if finding.level == level}
    lines = [_row("level", "check", "expected", *reports), _row("---", "---", "---", *("---" for _ in reports))]
    for name, finding in failed.items():
        seen = [_seen(report.get(name)) for report in by_check.values()]
        lines.append(_row(finding.level, f"`{name}`", _plain(finding.rule, 400), *seen))
    return "\n".join(lines)


def _seen(finding: Finding | None) -> str:
    if finding is None:
        return "not run"
    return _plain(finding.detail, _LONGEST) if finding.outcome == FAILED else finding.outcome


def _plain(text: str, longest: int) -> str:
    """Return text that Markdown shows as it is, in a cell of a table."""
    line = " ".join(text.split())
    cut = line if len(line) <= longest else f"{line[:longest]}…"
    for sign in "\\`*_[]<>|":
        cut = cut.replace(sign, f"\\{sign}")
    return cut


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
