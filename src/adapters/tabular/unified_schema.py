"""The schema of several files together, where their columns' types differ from one to the next."""

from collections.abc import Collection, Sequence

import pyarrow as pa

from foreseen.adapters.tabular.plain_columns import plain_type
from foreseen.domain.errors import TableError
from foreseen.domain.signature import Signature

Named = tuple[str, pa.Schema]
"""What a file is called, and the types of its columns."""


def unified_schema(files: Sequence[Named], signature: Signature, keep: Collection[str] | None) -> pa.Schema:
    """Return the schema of the first file, with types that hold the values of all.

    A feature may have any types that its values can have: each file is read by its own. What holds all of its values
    is text where Arrow has no other type, as of a bool and a double; such a column is written as what was read. A
    column that is not kept may have any types at all.

    Args:
        keep: columns that are written; None for all.
    Raises:
        TableError: a column to be written has no one type.
    """
    (_, first), *others = files
    if not others:
        return first
    features = {feature.name: feature for feature in signature.features}
    fields = []
    for field in first:
        name, kind = field.name, field.type
        is_free = name in features or (keep is not None and name not in keep)
        for other, schema in others:
            if name not in schema.names:
                continue
            joined = _joined(kind, schema.field(name).type)
            if joined is None and not is_free:
                raise TableError(_refused(name, kind, files[0][0], other, schema.field(name).type))
            kind = joined or pa.string()
        fields.append(field.with_type(kind))
    return pa.schema(fields)


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type that holds the values of both; None if Arrow has none."""
    if one == other:
        return one
    plain = [pa.schema([pa.field("value", plain_type(kind))]) for kind in (one, other)]
    try:
        return pa.unify_schemas(plain, promote_options="permissive").field("value").type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return None


def _refused(column: str, kind: pa.DataType, first: str, name: str, got: pa.DataType) -> str:
    expected = f"expected column {column!r} to hold {kind}, as in {first}"
    return f"{name}: {expected}, got {got}; --keep leaves columns out"
