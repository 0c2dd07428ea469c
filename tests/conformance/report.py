"""What a run of the suite found, one line of JSON for each check."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        id: the check's name.
        level: MUST, SHOULD or EXTENSION.
        rule: what the server is expected to do, and where this is written.
        outcome: passed, failed, not served or not applicable.
        detail: what was seen, in one line; empty where it passed.
    """

    id: str
    level: str
    rule: str
    outcome: str
    detail: str = ""


def write(findings: Iterable[Finding], path: Path) -> None:
    """Write findings as JSON, one in each line."""
    path.write_text("".join(json.dumps(asdict(finding)) + "\n" for finding in findings))


def read(path: Path) -> list[Finding]:
    """Read what `write` wrote."""
    return [Finding(**json.loads(line)) for line in path.read_text().splitlines()]
