"""Bound names: which names a Python file can define, found without executing it."""

import ast
from collections.abc import Iterator
from typing import Final

_UNFORESEEN: Final = frozenset(
    {"*", "__dict__", "__getattr__", "eval", "exec", "globals", "locals", "setattr", "vars", "__import__", "modules"}
)
"""What may define any name; "*" is that of `from module import *`."""

_NAMED_BY: Final = ("name", "rest", "asname")
"""Fields of a node by which it defines a name, besides assignments: of functions, classes, imports, patterns."""


def may_define(source: bytes, name: str) -> bool:
    """Return whether executing a Python file could define a name; True also where only executing it can tell."""
    tree = _parsed(source)
    return tree is None or not _UNFORESEEN.union({name}).isdisjoint(_defined_or_unforeseen(tree))


def defined_names(source: bytes) -> list[str]:
    """Return the public names of the functions, classes and values that a Python file defines at its top."""
    tree = _parsed(source)
    found = (name for node in (tree.body if tree else []) for name in _at_top(node))
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def predicting_class(source: bytes) -> str | None:
    """Return the name of the first class at the top of a Python file with a method `predict`; None if there is none."""
    tree = _parsed(source)
    classes = [node for node in (tree.body if tree else []) if isinstance(node, ast.ClassDef)]
    return next((each.name for each in classes if any("predict" in _at_top(part) for part in each.body)), None)


def _parsed(source: bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # as executing it will say
        return None


def _defined_or_unforeseen(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            spelled = node.id if isinstance(node, ast.Name) else node.attr
            if isinstance(node.ctx, ast.Store) or spelled in _UNFORESEEN:
                yield spelled
            continue
        for field in _NAMED_BY:
            found = getattr(node, field, None)
            if isinstance(found, str):
                yield found
                yield found.partition(".")[0]


def _at_top(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
