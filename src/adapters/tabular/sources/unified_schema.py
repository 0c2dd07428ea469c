"""The schema of several files together, whose columns' types may differ."""

from collections.abc import Callable, Collection, Sequence

import pyarrow as pa

from foreseen.adapters.tabular.sources.joined_types import is_wider, joined_types
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import Signature

Named = tuple[str, pa.Schema]
"""The name of a file, and the types of its columns."""

Losses = Callable[[int, str, pa.DataType], str]
"""Returns which value of a column of a file, by its index, a type does not hold unchanged; empty if it holds all."""


def unified_schema(
    files: Sequence[Named], signature: Signature, keep: Collection[str] | None, losses: Losses
) -> pa.Schema:
    """Return the schema of the first file, with types that hold the values of all.

    A feature may have different types, since each file is read by its own. If no other type holds all of its values, as
    of a bool and a double, its type is text, and the values read are written. A column that is not kept may have any
    types.

    Args:
        keep: columns that are written; None for all.
        losses: searches a column if its types do not decide whether one of them holds all of its values.
    Raises:
        TableError: no single type holds all values of a column to be written unchanged.
    """
    (_, first), *others = files
    if not others:
        return first
    features = frozenset(signature.names)
    columns = _Columns(files, losses)
    fields = []
    for field in first:
        is_free = field.name in features or (keep is not None and field.name not in keep)
        fields.append(field.with_type(columns.kind(field.name, is_free=is_free)))
    return pa.schema(fields)


class _Columns:
    """The columns of files, by their name."""

    def __init__(self, files: Sequence[Named], losses: Losses) -> None:
        self._files = files
        self._kinds = [dict(zip(schema.names, schema.types, strict=True)) for _, schema in files]
        self._losses = losses

    def kind(self, column: str, *, is_free: bool) -> pa.DataType:
        """Return the common type of a column; text if there is none and `is_free`."""
        kinds = {place: kinds[column] for place, kinds in enumerate(self._kinds) if column in kinds}
        if len(set(kinds.values())) == 1:
            return kinds[0]
        why: tuple[int, str] | None = None
        for joined in joined_types(list(kinds.values())):
            why = self._lost(column, kinds, joined)
            if why is None:
                return joined
        if is_free:
            return pa.string()
        raise TableError(self._mismatch(column, kinds, why))

    def _lost(self, column: str, kinds: dict[int, pa.DataType], joined: pa.DataType) -> tuple[int, str] | None:
        """Return the first file with a value that its type does not hold, and that value in words; None if all fit."""
        for place, kind in kinds.items():
            if not is_wider(kind, joined) and (lost := self._losses(place, column, joined)):
                return place, lost
        return None

    def _mismatch(self, column: str, kinds: dict[int, pa.DataType], why: tuple[int, str] | None) -> str:
        if why is None:
            place, reason, advice = self._first_at_odds(kinds), "", ""
        else:
            place, reason, advice = (
                why[0],
                f", whose values no type of both holds: {why[1]}",
                "; CSV keeps each as it is",
            )
        other = next(each for each, kind in kinds.items() if kind != kinds[place] and not pa.types.is_null(kind))
        (name, _), (other_name, _) = self._files[place], self._files[other]
        expected = f"expected column {column!r} to hold {kinds[other]}, as in {other_name}"
        return f"{name}: {expected}, got {kinds[place]}{reason}; --keep leaves columns out{advice}"

    def _first_at_odds(self, kinds: dict[int, pa.DataType]) -> int:
        """Return the first file whose type has nothing in common with those before it."""
        places = list(kinds)
        return next(
            place
            for number, place in enumerate(places)
            if not joined_types([kinds[each] for each in places[: number + 1]])
        )
