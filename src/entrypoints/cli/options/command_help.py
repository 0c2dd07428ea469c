"""Commands whose help shows metavars instead of Python's types, and neither for arguments and flags."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter


class _Shown(Protocol):
    param_type_name: str
    is_flag: bool
    display_type_rich: Callable[[object], str | None]


class PlainCommand(TyperCommand):
    """A command whose help shows no type for arguments and flags."""

    def get_params(self, ctx: "Context") -> "list[Parameter]":
        """Return its parameters, `--help` among them."""
        return _without_types(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands whose help shows no type for flags."""

    def get_params(self, ctx: "Context") -> "list[Parameter]":
        """Return its parameters, `--help` among them."""
        return _without_types(super().get_params(ctx))


def _without_types(parameters: "list[Parameter]") -> "list[Parameter]":
    for parameter in cast("list[_Shown]", parameters):
        if parameter.param_type_name == "argument" or parameter.is_flag:
            parameter.display_type_rich = _no_type
    return parameters


def _no_type(ctx: object) -> str | None:  # noqa: ARG001 - as Typer calls it
    return None
