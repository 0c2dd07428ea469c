"""Options that several commands have: declared once, as the fields of a group that a command is handed whole."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

Command = Callable[..., int | None]


def with_option_groups(command: Command) -> Command:
    """Return a command that has the options of its groups, in place of each parameter whose type is a dataclass."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if is_dataclass(parameter.annotation) and isinstance(parameter.annotation, type):
            groups[parameter.name] = parameter.annotation
            parameters += _options(parameter.annotation)
        else:
            parameters.append(parameter)

    @functools.wraps(command)
    def run(**given: Any) -> int | None:
        made = {name: group_of(kind, given) for name, kind in groups.items()}
        taken = {field.name for kind in groups.values() for field in fields(kind)}
        return command(**made, **{name: value for name, value in given.items() if name not in taken})

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    run.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def group_of(kind: Any, given: dict[str, Any]) -> Any:
    """Return a group, filled from the values of a command, which may include others."""
    return kind(**{field.name: given[field.name] for field in fields(kind)})


def _options(kind: Any) -> list[inspect.Parameter]:
    """Return the parameters that a group adds to a command."""
    types = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=types[field.name]
        )
        for field in fields(kind)
    ]
