"""Where a condition holds among the rows of a table: false also if a missing value leaves it undecided."""

from functools import reduce
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text
from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text
from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.domain.errors import TableError
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
from foreseen.domain.values.signature import Feature

_NUMBER = r"^[ \t]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*$"
_A_NUMBER = Feature("number")
PLAIN_STYLE = NumberStyle()
_COMPARE = {
    "==": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip


def rows_where(condition: Condition, table: pa.RecordBatch, style: NumberStyle = PLAIN_STYLE) -> npt.NDArray[np.bool_]:
    """Return for each of n rows whether a condition holds, shape (n,).

    Args:
        style: how numbers are written in texts.
    Raises:
        TableError: a column has a type that cannot be compared in that way.
    """
    columns = {name: _readable(table.column(name)) for name in condition.columns}
    try:
        holds = _mask(condition.test, columns, style)
    except (pa.ArrowException, OverflowError) as exc:
        said = str(exc).splitlines()[0]
        raise TableError(f"--where: expected values that can be compared in {condition.text!r}: {said}") from exc
    found: npt.NDArray[np.bool_] = pc.fill_null(holds, fill_value=False).to_numpy(zero_copy_only=False)
    return found


def _readable(column: pa.Array) -> pa.Array:
    """Return texts as in a cell, empty ones as null, and any other type unchanged."""
    if isinstance(column, pa.ExtensionArray):
        column = as_cells_of_text(column)
    plain = as_plain(column)
    return pc.if_else(pc.equal(plain, ""), None, plain) if is_text(plain.type) else plain


def _mask(test: Test, columns: dict[str, pa.Array], style: NumberStyle) -> pa.Array:
    match test:
        case Negated(one):
            return pc.invert(_mask(one, columns, style))
        case Combined(tests, needs_all):
            both = pc.and_kleene if needs_all else pc.or_kleene
            return reduce(both, (_mask(one, columns, style) for one in tests))
        case IsMissing(column):
            return pc.is_null(columns[column.name], nan_is_null=True)
        case Compared(column, operator, ColumnName(other)):
            return _COMPARE[operator](*_alike(columns[column.name], columns[other], style))
        case Compared(column, operator, value):
            return _compared(columns[column.name], operator, cast("Constant", value), style)  # see above


def _compared(values: pa.Array, operator: Operator, constant: Constant, style: NumberStyle) -> pa.Array:
    if constant == "" and isinstance(constant, str):  # an empty text is a missing value
        missing = pc.is_null(values)
        return missing if operator == "==" else pc.invert(missing)
    if isinstance(constant, str):
        kind = values.type
        return _COMPARE[operator](values, pa.scalar(constant) if is_text(kind) else pc.cast(pa.scalar(constant), kind))
    return _COMPARE[operator](_as_kind_of(constant, values, style), pa.scalar(constant))


def _as_kind_of(constant: Constant, values: pa.Array, style: NumberStyle) -> pa.Array:
    """Return texts converted to the type of a constant that is not a text."""
    if not is_text(values.type):
        return values
    return _bools(values) if isinstance(constant, bool) else _numbers(values, style)


def _alike(one: pa.Array, other: pa.Array, style: NumberStyle) -> tuple[pa.Array, pa.Array]:
    """Return two columns in comparable types: texts as numbers, if only the other has numbers."""
    if is_text(one.type) == is_text(other.type):
        return one, other
    return (_numbers(one, style), other) if is_text(one.type) else (one, _numbers(other, style))


def _numbers(texts: pa.Array, style: NumberStyle) -> pa.Array:
    """Return texts as numbers; null for other texts."""
    texts, _ = style.plain(_A_NUMBER, texts)
    is_number = pc.match_substring_regex(texts, _NUMBER)
    digits = pc.utf8_trim(pc.if_else(is_number, texts, None), characters=" \t+")  # Arrow reads no plus
    return pc.cast(digits, pa.float64())


def _bools(texts: pa.Array) -> pa.Array:
    """Return texts as bools; null for other texts."""
    words = pc.utf8_lower(texts)
    is_bool = pc.is_in(words, value_set=pa.array(["true", "false"]))
    return pc.if_else(is_bool, pc.equal(words, "true"), None)
