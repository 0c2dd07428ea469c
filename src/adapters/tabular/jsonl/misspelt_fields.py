"""Hints for fields that JSON objects lack because they are misspelt there."""

from functools import lru_cache

import pyarrow as pa

from foreseen.adapters.tabular.reading.required_columns import RejectedRows
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.values.signature import Signature


def with_hints(rejected: RejectedRows, table: pa.RecordBatch, signature: Signature) -> RejectedRows:
    """Return the reasons for rejected rows, adding for an absent field the object's own field of a similar name.

    Args:
        table: the fields of all objects as JSON; null if an object lacks one.
    """
    features = {*signature.names, *signature.ignored}
    others = [name for name in table.schema.names if name not in features]
    if not others or not rejected:
        return rejected
    is_held = {name: table.column(name).storage.is_valid() for name in table.schema.names}
    hinted: RejectedRows = {}
    for row, (feature, reason) in rejected.items():
        hint = ""
        if feature in is_held and not is_held[feature][row].as_py():
            hint = hint_of(feature, frozenset(name for name in others if is_held[name][row].as_py()))
        hinted[row] = (feature, f"{reason}; {hint}" if hint else reason)
    return hinted


@lru_cache
def hint_of(name: str, known: frozenset[str]) -> str:
    """Return the hint for a name; cached, since a million rows may misspell a field in the same way."""
    return did_you_mean(name, sorted(known))
