"""TableColumns: which column of a table in a request is which feature."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.requests.instance_schema import MAX_VIOLATIONS


class TableColumns:
    """The columns of one table, each feature once.

    Attributes:
        features: each feature, and the index of its column; None if it has no column, since it may be missing.
    """

    def __init__(self, signature: Signature, names: Sequence[str]) -> None:
        """Accept the names in the table's head.

        Raises:
            InvalidBatchError: a feature has no column or several, or a column is no feature. It names no row.
        """
        # No more than are reported, since each name is compared with all features to find what was meant.
        if violations := list(islice(_misnamed(signature, names), MAX_VIOLATIONS)):
            raise InvalidBatchError(violations)
        self._count = len(names)
        self._shown = ", ".join(map(shown_name, names))
        places = {name: place for place, name in enumerate(names)}
        self.features: Sequence[tuple[Feature, int | None]] = [
            (feature, places.get(feature.name)) for feature in signature.features
        ]
        self._known = [(feature.name, place) for feature, place in self.features if place is not None]

    def objects(self, rows: Sequence[Sequence[object]]) -> list[object]:
        """Return rows as objects that have features alone; raise as `require_lengths`."""
        self.require_lengths(rows)
        return [{name: row[place] for name, place in self._known} for row in rows]

    def require_lengths(self, rows: Sequence[object]) -> None:
        """Raise InvalidBatchError unless every row is a list with a value for each column."""
        violations = (
            Violation(f"{self._count} values ({self._shown})", _length(row), number)
            for number, row in enumerate(rows)
            if not isinstance(row, list | tuple) or len(row) != self._count
        )
        if found := list(islice(violations, MAX_VIOLATIONS)):
            raise InvalidBatchError(found)


def _misnamed(signature: Signature, names: Sequence[str]) -> Iterator[Violation]:
    counts = Counter(names)
    known = frozenset((*signature.names, *signature.ignored))
    for name, count in counts.items():
        if count > 1 and (name in known or signature.extra_fields == "reject"):
            yield Violation("one column", str(count), feature=shown_name(name))
        elif name not in known and signature.extra_fields == "reject":
            hint = did_you_mean(name, signature.names)
            yield Violation("no such feature", "a column", feature=shown_name(name), hint=hint)
    for feature in signature.features:
        if feature.name not in counts and not feature.is_optional:
            yield Violation("a column", "nothing", feature=feature.name)


def _length(row: object) -> str:
    return str(len(row)) if isinstance(row, list | tuple) else shown(row)
