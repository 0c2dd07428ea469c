"""Declared dtypes: the names that a sidecar may give the dtype of a feature, ours and those of pandas."""

import re
from dataclasses import dataclass
from typing import Final

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.values.signature import DTYPES, DType

_FROM_PANDAS: Final[dict[str, DType]] = {
    "Int64": "int64", "Int32": "int32", "Int16": "int16", "Int8": "int8",
    "UInt64": "uint64", "UInt32": "uint32", "UInt16": "uint16", "UInt8": "uint8",
    "Float64": "float64", "Float32": "float32", "boolean": "bool",
    "str": "string", "string[python]": "string", "string[pyarrow]": "string", "object": "string",
}  # fmt: skip
_DATETIME: Final = re.compile(r"datetime64\[(?:s|ms|us|ns)(?P<zone>, ?.+)?\]")

KNOWN: Final = (*DTYPES, "category", *_FROM_PANDAS, "datetime64[us]", "datetime64[us, UTC]")
"""The names, as a message lists them; other units and time zones of datetime64 are known as well."""

_ELSEWHERE: Final = {
    "int": "int64", "integer": "int64", "long": "int64", "float": "float64", "double": "float64", "number": "float64",
    "text": "string", "date": "datetime", "timestamp": "datetime", "datetime64": "datetime", "logical": "bool",
}  # fmt: skip
"""Names that Python, numpy and databases have for these."""


@dataclass(frozen=True, slots=True)
class DeclaredDtype:
    """What a declared dtype means.

    Attributes:
        dtype: of the values that clients send; None if it follows from the categories.
        form: the dtype of the column that the model is given; None if it follows from `dtype`.
    """

    dtype: DType | None
    form: str | None


def declared_dtype(name: str) -> DeclaredDtype:
    """Return what a name of a dtype means; raise ValueError for one that is unknown."""
    if name in DTYPES:
        return DeclaredDtype(name, None)  # type: ignore[arg-type] # checked above
    if name == "category":
        return DeclaredDtype(None, name)
    if name in _FROM_PANDAS:
        return DeclaredDtype(_FROM_PANDAS[name], name)
    if match := _DATETIME.fullmatch(name):
        return DeclaredDtype("datetime_tz" if match["zone"] else "datetime", name)
    meant = _ELSEWHERE.get(name.casefold())
    hint = f"did you mean {meant!r}?" if meant else did_you_mean(name, KNOWN)
    expected = f"expected a dtype of {', '.join(map(repr, KNOWN))}, got {name!r}"
    raise ValueError(f"{expected}; {hint}" if hint else expected)
