"""The input's columns that are written beside predictions."""

from collections.abc import Sequence

from foreseen.adapters.tabular.reading.required_columns import listed
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import OutputColumns


def kept_columns(given: Sequence[str], chosen: OutputColumns, added: Sequence[str], *, name: str) -> list[str]:
    """Return the names of the columns to keep, in their order in the input.

    Args:
        added: names of the columns that are written beside them.
    Raises:
        TableError: one does not exist, or two columns to be written have the same name.
    """
    keep, there = given if chosen.keep is None else chosen.keep, frozenset(given)
    for column in keep:
        if column not in there:
            hint = did_you_mean(column, given)
            expected = f"--keep: expected columns of the input ({listed(given)}), got {column!r}"
            raise TableError(expected + (f"; {hint}" if hint else ""))
    wanted, seen = frozenset(keep), set[str]()
    kept = [column for column in given if column in wanted]
    for one in added:
        if one in seen:
            raise TableError(f"--model-column: expected a name that no output column has, got {one!r}")
        if one in there and one in wanted:
            flag = "--model-column" if one == chosen.model_column else "--prediction-column"
            said = f"{name}: expected an input without a column {one!r}, which the output adds"
            raise TableError(f"{said}; {flag} gives it another name, --keep leaves columns out")
        seen.add(one)
    return kept
