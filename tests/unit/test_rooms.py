"""Files of the code are found by name and place; the contracts of import-linter hold how they import one another."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
FILES = [path for path in SRC.rglob("*.py") if path.name != "__init__.py"]


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


def libraries_of(path: Path) -> Iterator[str]:
    """Yield the top-level names of what a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
