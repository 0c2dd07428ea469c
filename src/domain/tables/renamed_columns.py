"""Columns that have another name than their feature."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import Signature

ColumnsAs = Sequence[tuple[str, str]]
"""Pairs of a column's name in a file and its feature."""


def in_names_of_columns(signature: Signature, columns_as: ColumnsAs) -> Signature:
    """Return a signature whose features have the names of their columns.

    Raises:
        TableError: there is no such feature, or one column would be two features.
    """
    if not columns_as:
        return signature
    column_of = {feature: column for column, feature in columns_as}
    for feature in column_of:
        if feature not in signature.names:
            hint = did_you_mean(feature, signature.names) or f"the model takes {', '.join(signature.names)}"
            raise TableError(f"--columns-as: expected a feature of the model, got {feature!r}; {hint}")
    names = [column_of.get(name, name) for name in signature.names]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(f"--columns-as: expected a column of its own for each feature, got {twice[0]!r} for two")
    try:
        features = tuple(replace(one, name=name) for one, name in zip(signature.features, names, strict=True))
    except ValueError as exc:  # a name that no feature may have
        raise TableError(f"--columns-as: {exc}") from None
    return replace(signature, features=features, ignored=tuple(n for n in signature.ignored if n not in names))
