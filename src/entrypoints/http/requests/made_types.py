"""Types for pydantic that are made from a signature at run time, and so are unknown to type checkers."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, cast

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12


class _Configured(Protocol):
    __pydantic_config__: ConfigDict


def object_type(name: str, fields: Mapping[str, object], *, extra: Literal["forbid", "ignore"]) -> object:
    """Return the type of an object with fields of these types; `extra` says how to treat other fields."""
    # The functional form accepts names that are not Python identifiers, such as "sepal length (cm)".
    made = cast("Callable[[str, Mapping[str, object]], _Configured]", TypedDict)(name, fields)
    made.__pydantic_config__ = ConfigDict(extra=extra)
    return made


def adapter_of(made: object) -> TypeAdapter[object]:
    """Return pydantic's adapter for such a type, which validates values."""
    adapter: Callable[[object], TypeAdapter[object]] = cast("Callable[[object], TypeAdapter[object]]", TypeAdapter)
    return adapter(made)
