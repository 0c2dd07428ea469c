"""The kind of a setting's value, as its declaration has it, for tests that go through all settings."""

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin


def kind_of(annotation: Any) -> Any:
    """Return a type without its validators and without None."""
    if get_origin(annotation) is Annotated:
        return kind_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        [kind] = [each for each in get_args(annotation) if each is not type(None)]
        return kind_of(kind)
    return annotation
