"""The script behind `make house` counts what it says, on a tree whose figures are known."""

import re
import subprocess
import sys
from pathlib import Path

from support.time_limits import COMMAND_S

ROOT = Path(__file__).parents[2]

TREE = {
    "README.md": "# Title\n\nText.\n",
    "docs/README.fr.md": "# Titre\n",
    ".venv/README.md": "not ours\n",
    "tests/test_a.py": '"""Give nothing: a test is not counted."""\n',
    "src/__init__.py": "",
    "src/room/__init__.py": "",
    "src/room/one.py": (
        '"""Give a module."""\n\nfrom typing import Any\n\n\n'
        "def told(value: Any) -> Any:  # type: ignore[valid-type]\n"
        '    """Taken from elsewhere: another word."""\n'
        "    return value, 'Take that'\n"
    ),
    "src/room/two.py": 'class Asked:\n    """Say it.\n\n    Nobody stands anew, untold and unasked.\n    """\n',
    "src/hall/one.py": "_told_at = 1\n",
}


WITHOUT_ANY = ("domain", "wiring")
MOST_LINES_WITH_ANY = 46
"""In all of src: the public functions that return a frame of the caller's kind, and the edges of untyped libraries;
and an operator of TensorFlow of this name."""
ANY = re.compile(r"\bAny\b")


def test_no_line_of_the_domain_or_the_wiring_has_any() -> None:
    files = [path for room in WITHOUT_ANY for path in (ROOT / "src" / room).rglob("*.py")]

    assert [path.name for path in files if ANY.search(path.read_text())] == []


def test_no_more_lines_have_any_than_before() -> None:
    lines = [line for path in (ROOT / "src").rglob("*.py") for line in path.read_text().splitlines()]

    assert sum(1 for line in lines if ANY.search(line)) <= MOST_LINES_WITH_ANY


def test_figures_of_a_known_tree(tmp_path: Path) -> None:
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert lines_of(tmp_path) == [
        ["figure", "now", "target"],
        ["files in the fullest folder", "2", "<= 14"],
        ["file names that occur twice", "1", "0"],
        ["lines with Any", "2", "<= 80"],
        ["lines with type: ignore", "1"],
        ["docstrings that open with Give, Take, Tell, Say", "2", "0"],
        ["the words told, asked, nobody, stands, anew", "6", "<= 40"],
        ["lines of README.md", "3"],
        ["lines of docs/README.fr.md", "1"],
    ]


def lines_of(root: Path) -> list[list[str]]:
    """Return the columns of each line that the script prints of a tree."""
    command = [sys.executable, str(ROOT / "benchmarks" / "house.py"), str(root)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S, check=True).stdout
    return [re.split(r"\s{2,}", line) for line in printed.splitlines()]
