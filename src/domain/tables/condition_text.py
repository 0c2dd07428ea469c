"""Conditions as text: comparisons as Python writes them, read with Python's own parser and never executed."""

import ast
import re
import warnings
from typing import Final

from foreseen.domain.tables.condition import (
    ColumnName,
    Combined,
    Compared,
    Condition,
    Constant,
    IsMissing,
    Negated,
    Operator,
    Test,
)

_OPERATORS: Final[dict[type[ast.cmpop], Operator]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_TURNED: Final[dict[Operator, Operator]] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
"""Constants as SQL and JSON write them; a column of such a name is field("true")."""
_ASSIGNED: Final = re.compile(r"[^=!<>]=(?!=)")
_SHOWN: Final = 60
_Operand = ColumnName | Constant | None


def read_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ValueError: the text is not one; the message says what was expected and what was found.
    """
    try:
        return Condition(text, _test(_parsed(text)))
    except (RecursionError, MemoryError):
        raise ValueError("expected a condition, got one that is nested too deeply") from None


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():  # about unknown escapes in texts
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        hint = "; == compares" if _ASSIGNED.search(text) else ""
        raise ValueError(
            f"expected a condition such as price > 10 and kind == 'new', got {_cut(text)!r}{hint}"
        ) from None


def _test(node: ast.expr) -> Test:
    match node:
        case ast.BoolOp(op=op, values=values):
            return Combined(tuple(map(_test, values)), isinstance(op, ast.And))
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
            return Combined((_test(left), _test(right)), isinstance(op, ast.BitAnd))
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            return Negated(_test(operand))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            lefts = [left, *rights[:-1]]
            tests = tuple(_compared(one, op, other) for one, op, other in zip(lefts, ops, rights, strict=True))
            return tests[0] if len(tests) == 1 else Combined(tests, needs_all=True)
        case ast.Call(func=ast.Attribute(value=column, attr=method), args=args, keywords=[]):
            return _called(_column(column), method, args, node)
        case ast.Name() | ast.Call():
            return Compared(_column(node), "==", True)  # a column of bools is a condition by itself
    raise _unexpected("a comparison", node)


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr) -> Test:
    match op:
        case ast.In():
            return _one_of(_column(left), right)
        case ast.NotIn():
            return Negated(_one_of(_column(left), right))
        case ast.Is() | ast.IsNot():
            if _operand(right) is not None:
                raise _unexpected("None after is", right)
            missing = IsMissing(_column(left))
            return missing if isinstance(op, ast.Is) else Negated(missing)
    return _ordered(_operand(left), _OPERATORS[type(op)], _operand(right), right)


def _ordered(left: _Operand, operator: Operator, right: _Operand, node: ast.expr) -> Test:
    if not isinstance(left, ColumnName):
        left, operator, right = right, _TURNED[operator], left
    if not isinstance(left, ColumnName):
        raise _unexpected("a column on one side", node)
    if right is not None:
        return Compared(left, operator, right)
    if operator not in ("==", "!="):
        raise _unexpected("a value to compare with", node)
    return IsMissing(left) if operator == "==" else Negated(IsMissing(left))


def _one_of(column: ColumnName, values: ast.expr) -> Test:
    if not isinstance(values, ast.Tuple | ast.List | ast.Set) or not values.elts:
        raise _unexpected("a list of values, such as ('a', 'b')", values)
    return Combined(tuple(_ordered(column, "==", _constant(value), value) for value in values.elts), needs_all=False)


def _called(column: ColumnName, method: str, args: list[ast.expr], node: ast.expr) -> Test:
    """Read a test that pyarrow writes as a method call."""
    match method, args:
        case "isin", [values]:
            return _one_of(column, values)
        case "is_null", []:
            return IsMissing(column)
        case "is_valid", []:
            return Negated(IsMissing(column))
    raise _unexpected("isin([…]), is_null() or is_valid()", node)


def _column(node: ast.expr) -> ColumnName:
    found = _operand(node)
    if not isinstance(found, ColumnName):
        raise _unexpected("a column", node)
    return found


def _constant(node: ast.expr) -> Constant | None:
    found = _operand(node)
    if isinstance(found, ColumnName):
        raise _unexpected("a value", node)
    return found


def _operand(node: ast.expr) -> _Operand:
    match node:
        case ast.Name(id=name):
            return _WORDS[name.lower()] if name.lower() in _WORDS else ColumnName(name)
        case ast.Call(func=ast.Name(id="field"), args=[ast.Constant(value=str(name))], keywords=[]):
            return ColumnName(name)
        case ast.Constant(value=None | bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
            raise ValueError(
                f"expected parentheses around each comparison beside & or |, got {_cut(ast.unparse(node))!r}"
            )
    raise _unexpected("a column, a number or a text in quotes", node)


def _unexpected(expected: str, node: ast.expr) -> ValueError:
    return ValueError(f"expected {expected}, got {_cut(ast.unparse(node))!r}")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
