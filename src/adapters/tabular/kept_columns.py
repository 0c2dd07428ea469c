"""Which of the columns that were read are written beside a prediction."""

from collections.abc import Sequence

from foreseen.adapters.tabular.added_columns import AddedColumn
from foreseen.adapters.tabular.readable import listed
from foreseen.domain.errors import TableError
from foreseen.domain.near import near_hint
from foreseen.domain.table_form import OutputColumns


def kept_columns(given: Sequence[str], asked: OutputColumns, added: Sequence[AddedColumn], *, name: str) -> list[str]:
    """Give the names of the columns to keep, in their order in the input.

    Raises:
        TableError: one is not there, or has the name of a column that is added.
    """
    keep, there = given if asked.keep is None else asked.keep, frozenset(given)
    for column in keep:
        if column not in there:
            hint = near_hint(column, given)
            expected = f"--keep: expected columns of the input ({listed(given)}), got {column!r}"
            raise TableError(expected + (f"; {hint}" if hint else ""))
    wanted = frozenset(keep)
    kept = [column for column in given if column in wanted]
    for one in added:
        if one.name in kept:
            said = f"{name}: expected an input without a column {one.name!r}, which the output adds"
            raise TableError(f"{said}; --prediction-column gives it another name, --keep leaves columns out")
    return kept
