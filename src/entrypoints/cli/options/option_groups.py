"""Groups of options that several commands share: a dataclass declares them, and a command receives an instance."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeVar, cast, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Command = Callable[..., int | None]
Group = TypeVar("Group")


def with_option_groups(command: Command) -> Command:
    """Return a command in which each parameter whose type is a dataclass is replaced by options for its fields."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[DataclassInstance]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(parameter.annotation) and isinstance(parameter.annotation, type):
            groups[parameter.name] = parameter.annotation
            parameters += _options(parameter.annotation)
        else:
            parameters.append(parameter)

    @functools.wraps(command)
    def run(**given: object) -> int | None:
        made = {name: group_of(kind, given) for name, kind in groups.items()}
        taken = {field.name for kind in groups.values() for field in fields(kind)}
        return command(**made, **{name: value for name, value in given.items() if name not in taken})

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    run.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def group_of(kind: type[Group], given: Mapping[str, object]) -> Group:
    """Return an instance of a group with its values from those of a command, which may have others too."""
    return kind(**{field.name: given[field.name] for field in fields(cast("type[DataclassInstance]", kind))})


def _options(kind: "type[DataclassInstance]") -> list[inspect.Parameter]:
    """Return the parameters that a group adds to a command."""
    types = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
        )
        for field in fields(kind)
    ]
