"""Tests use what is public: none reads or patches a private attribute, or imports a private name."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS = Path(__file__).parents[1]

SEEMINGLY_PRIVATE: Final = {"_asdict", "_exit", "_replace"}
"""Names of the standard library that are public: of named tuples and of `os`."""

OF_LIBRARIES: Final = {
    "field/test_input_forms.py": {"_mgr"},
    "field/test_own_code.py": {"_core"},
    "stores/conftest.py": {"_cache"},
    "support/fork_server.py": {"_clear", "_registry"},
    "support/loop_guard.py": {"_cancel_all_tasks", "_run"},
    "support/loop_watch.py": {"_current_frames"},
    "support/valkey_process.py": {"_binary", "_process"},
    "unit/cache/redis/client/test_error_replies.py": {"_parsers"},
    "unit/process/test_process_end.py": {"_run_exitfuncs", "_shutdown"},
    "unit/test_private_parts.py": {"_AsyncHiredisParser", "_parsers"},
}
"""Private parts of libraries that tests depend on, by the file that does."""

PATCHING: Final = {"attrgetter", "delattr", "getattr", "hasattr", "object", "patch", "setattr"}
"""Functions that find an attribute by its name."""


def test_no_test_reaches_into_private_parts() -> None:
    reached = {str(path.relative_to(TESTS)): set(reached_in(path)) for path in TESTS.rglob("*.py")}

    assert {name: found for name, found in reached.items() if found != OF_LIBRARIES.get(name, set())} == {}


def test_each_way_to_reach_into_private_parts_is_found(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text(
        "import a._one\nfrom a import _two\nfrom a._three import b\nc._four\nd()._five = 1\n"
        "monkeypatch.setattr(c, '_six', 1)\npatch('a.b._seven')\ngetattr(c, '_eight', None)\n"
        "self._own\nCLASS.__name__\nt._replace(a=1)\nprint('_word')\n"
    )

    assert list(reached_in(path)) == ["_one", "_two", "_three", "_four", "_five", "_six", "_seven", "_eight"]


def reached_in(path: Path) -> Iterator[str]:
    """Yield the private names that a file takes from what it does not define itself."""
    nodes = sorted(ast.walk(ast.parse(path.read_text())), key=lambda node: getattr(node, "lineno", 0))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    own |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and is_of_self(node) and is_set(node)}
    for node in nodes:
        for name in names_in(node):
            if name.startswith("_") and not name.startswith("__") and name not in own | SEEMINGLY_PRIVATE:
                yield name


def names_in(node: ast.AST) -> list[str]:
    """Return the names that a node takes from elsewhere."""
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in alias.name.split(".")]
    if isinstance(node, ast.ImportFrom):
        return [*(node.module or "").split("."), *(alias.name for alias in node.names)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        function = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        return [part for text in texts for part in text.split(".")] if function in PATCHING else []
    return [node.attr] if isinstance(node, ast.Attribute) and not is_of_self(node) else []


def is_of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def is_set(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)
