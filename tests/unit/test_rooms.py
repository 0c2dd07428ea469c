"""Files of the code are found by name and place; the contracts of import-linter hold how they import one another."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

UNIT_TESTS = Path(__file__).parent
SRC = UNIT_TESTS.parents[1] / "src"
FILES = [path for path in SRC.rglob("*.py") if path.name != "__init__.py"]
LAYERS = ("adapters", "entrypoints")
"""What the folder of a room's tests leaves out of its path."""


def test_no_folder_holds_more_than_fourteen_files() -> None:
    held = Counter(str(path.parent.relative_to(SRC)) for path in FILES)

    assert {folder: files for folder, files in held.items() if files > 14} == {}


def test_no_two_files_have_the_same_name() -> None:
    names = Counter(path.name for path in FILES)

    assert [name for name, files in names.items() if files > 1] == []


def test_the_domain_imports_only_the_standard_library_and_numpy() -> None:
    allowed = {*sys.stdlib_module_names, "foreseen", "numpy"}
    imported = {name for path in (SRC / "domain").rglob("*.py") for name in libraries_of(path)}

    assert imported - allowed == set()


def test_the_process_imports_only_the_standard_library() -> None:
    imported = {name for path in (SRC / "process").rglob("*.py") for name in libraries_of(path)}

    assert imported - {*sys.stdlib_module_names, "foreseen"} == set()


@pytest.mark.parametrize(
    ("owner", "calls"),
    [
        ("signal_handlers.py", r"signal\.signal\(|add_signal_handler|set_wakeup_fd|pthread_sigmask|siginterrupt"),
        ("log_setup.py", r"basicConfig|dictConfig|captureWarnings|\.setLevel\(|addHandler|addFilter|handlers\[:\] ="),
        ("standard_error.py", r"os\.dup\(2\)"),
        ("garbage_collection.py", r"gc\.(collect|disable|enable|freeze|unfreeze|set_threshold)\("),
    ],
)
def test_what_a_process_has_once_has_one_owner(owner: str, calls: str) -> None:
    """Also in the code that another process is started with, which is text here."""
    found = [path for path in FILES if re.search(calls, path.read_text())]

    assert found == [SRC / "process" / owner]


def test_unit_tests_are_in_the_folder_of_their_room() -> None:
    rooms = {room_of(path) for path in SRC.rglob("*.py")}
    of_file = {f"test_{path.name}": room_of(path) for path in FILES}
    placed = [path.relative_to(UNIT_TESTS) for path in UNIT_TESTS.rglob("test_*.py")]

    assert [str(path) for path in placed if of_file.get(path.name, path.parent) != path.parent] == []
    assert [str(path) for path in placed if path.parent not in rooms] == []


def room_of(path: Path) -> Path:
    """Return the folder of a source file, without its layer where it is in a room of one."""
    folder = path.parent.relative_to(SRC)
    return folder.relative_to(folder.parts[0]) if len(folder.parts) > 1 and folder.parts[0] in LAYERS else folder


def libraries_of(path: Path) -> Iterator[str]:
    """Yield the top-level names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
