"""Texts in an exported program that PyTorch evaluates as code: only those that PyTorch itself writes are accepted.

Shapes are expressions that sympy evaluates, guards are compiled into a function, and trees may import modules.
"""

import ast
import json
import re
from typing import Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_FUNCTIONS: Final = frozenset(
    {
        "Add", "And", "CeilDiv", "CeilToInt", "CleanDiv", "Equality", "Float", "FloorDiv", "FloorToInt", "GreaterThan",
        "Identity", "IntTrueDiv", "Integer", "LessThan", "Max", "Min", "Mod", "ModularIndexing", "Mul", "Not", "Or",
        "PythonMod", "Rational", "StrictGreaterThan", "StrictLessThan", "Symbol", "ToFloat", "TruncToInt", "Unequality",
        "Where",
    }
)  # fmt: skip
"""What sympy's `srepr` writes of shapes; not Pow, whose value may take all memory."""

_ASSUMPTIONS: Final = frozenset({"integer", "nonnegative", "positive", "real", "nonzero"})
_ARITHMETIC: Final = (
    ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.Div, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_OPERATIONS: Final = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Load, *_ARITHMETIC)
_CONTAINERS: Final = frozenset({"builtins.dict", "builtins.list", "builtins.tuple", "collections.OrderedDict"})
_LONGEST: Final = 4096


def require_shape_text(text: str) -> None:
    """Raise RejectedFileError unless a text is a size, such as `Mul(Integer(2), Symbol('s0', integer=True))`."""
    if not all(_is_of_shape(node) for node in ast.walk(_parsed(text, "a size"))):
        raise RejectedFileError(f"expected a size, got {text[:80]!r}")


def require_guard_text(text: str) -> None:
    """Raise RejectedFileError unless a text compares sizes of inputs, such as `L['x'].size()[0] % 2 == 0`."""
    if not all(_is_of_guard(node) for node in ast.walk(_parsed(text, "a guard"))):
        raise RejectedFileError(f"expected a guard about the sizes of inputs, got {text[:80]!r}")


def tree_of(text: str) -> object:
    """Return the tree of containers in a text: a list, a dict, or None for a tensor.

    Raises:
        RejectedFileError: it has other containers, which PyTorch might import.
    """
    version, tree = json.loads(text)
    if version != 1:
        raise RejectedFileError(f"expected a tree of version 1, got {version!r}")
    return _tree(tree)


def _tree(found: "dict[str, object]") -> object:
    kind, context, children = found["type"], found["context"], found["children_spec"]
    if kind is None and context is None and children == []:
        return None
    if kind not in _CONTAINERS or not isinstance(context, str) or not isinstance(children, list):
        raise RejectedFileError(f"expected inputs and outputs in tuples, lists and dicts, got {str(kind)[:80]}")
    known = json.loads(context)
    if kind in ("builtins.list", "builtins.tuple"):
        if known is not None:
            raise RejectedFileError(f"expected no names in a {kind}, got {context[:80]}")
        return [_tree(child) for child in children]
    if not isinstance(known, list) or not all(isinstance(key, str) for key in known):
        raise RejectedFileError(f"expected a dict of names, got {context[:80]}")
    return dict(zip(known, map(_tree, children), strict=True))


def _parsed(text: str, what: str) -> ast.Expression:
    if len(text) > _LONGEST:
        raise RejectedFileError(f"expected {what} of {_LONGEST} characters at most, got {len(text)}")
    try:
        return ast.parse(text, mode="eval")
    except (SyntaxError, MemoryError, RecursionError) as exc:
        raise RejectedFileError(f"expected {what}, got {text[:80]!r}") from exc


def _is_of_shape(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    if isinstance(node, ast.Name):
        return node.id in _FUNCTIONS or re.fullmatch(r"[suzf]\d+|true|false", node.id) is not None
    if isinstance(node, ast.keyword):
        return node.arg in _ASSUMPTIONS
    return isinstance(node, _OPERATIONS) or _is_plain(node)


def _is_of_guard(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and not node.args and not node.keywords
    if isinstance(node, ast.Attribute):
        return node.attr in ("size", "stride")
    if isinstance(node, ast.Name):
        return node.id == "L"
    return isinstance(node, (ast.Subscript, *_OPERATIONS)) or _is_plain(node)


def _is_plain(node: ast.AST) -> bool:
    """Return whether a node is a small number, or a name in quotes."""
    if not isinstance(node, ast.Constant):
        return False
    if isinstance(node.value, str):
        return NAME.fullmatch(node.value) is not None
    return isinstance(node.value, bool | int | float) and abs(node.value) < 2**63
