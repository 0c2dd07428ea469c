"""Command-line options generated from the settings, so that a flag, its help and its setting cannot differ."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer
from pydantic import SecretStr

from foreseen.entrypoints.cli.options.shown_defaults import shown_default
from foreseen.settings import CONFIG_VARIABLE, Settings, SettingsError, SettingsSource, about_setting, flag_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Command = Callable[..., int | None]

_CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        help="TOML file of settings; overridden by the environment (FORESEEN_PORT=…) and by flags.",
        rich_help_panel="Settings",
        show_envvar=False,
    ),
]


def with_settings(
    *groups: str, names: Sequence[str] = (), help_texts: Mapping[str, str] | None = None
) -> Callable[[Command], Command]:
    """Return a decorator that adds a flag for each setting of these groups or names, and passes in `settings`.

    A command that has an argument `source` also gets where the settings came from.

    The model file, of the group "Model", is not a flag but the first argument. A setting chosen by name is listed under
    the first of the groups.

    Args:
        help_texts: help texts that differ for this command, by the name of the setting.
    """
    chosen = [
        (name, field)
        for name, field in Settings.model_fields.items()
        if about_setting(field)["group"] in groups or name in names
    ]

    def decorate(command: Command) -> Command:
        arguments = inspect.signature(command, eval_str=True).parameters
        own = [p for p in arguments.values() if p.name not in ("settings", "source")]
        added = [_parameter(name, field, (help_texts or {}).get(name), groups) for name, field in chosen]
        config = inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_CONFIG)
        names = {parameter.name for parameter in added}

        @functools.wraps(command)
        def run(**given: object) -> int | None:
            config_file = cast("Path | None", given.pop("config"))
            flags = {name: given.pop(name) for name in list(given) if name in names}
            source = SettingsSource(config_file, {name: value for name, value in flags.items() if value is not None})
            if "source" in arguments:
                given["source"] = source
            return command(settings=source.load(), **given)

        # In the order of --help. The model is the first setting, and so the first argument, which is required if
        # the argument after it is.
        is_required = bool(own) and own[0].default is inspect.Parameter.empty
        first = [p.replace(default=inspect.Parameter.empty) if is_required else p for p in added[:1]]
        parameters = [*first, *own, config, *added[1:]]
        keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        run.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def require_model(settings: Settings) -> None:
    """Raise SettingsError if no model is named."""
    if settings.model is None:
        raise SettingsError(
            "MODEL: expected a model file, on the command line, in FORESEEN_MODEL or in the settings file"
        )


def _parameter(name: str, field: "FieldInfo", help_text: str | None, groups: Sequence[str]) -> inspect.Parameter:
    """Return the flag of a setting; its value is text, which Settings parses as it does that of a file."""
    about = about_setting(field)
    kind: object = typer.Option(
        flag_of(name),
        metavar=_LONG_CHOICE if _is_long(about["shown"]) else about["shown"],
        help=help_text or _help(field),
        rich_help_panel=about["group"] if not groups or about["group"] in groups else groups[0],
        show_default=False,
    )
    if name == "model":
        kind = typer.Argument(metavar="MODEL", help=field.description, show_default=False)
    annotation = Annotated[str | None, kind]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _help(field: "FieldInfo") -> str:
    if field.default in (None, ()) or isinstance(field.default, SecretStr):
        return str(field.description)
    form = about_setting(field)["shown"]
    choices = f"{form.replace('|', ' | ')}; " if _is_long(form) else ""
    return f"{field.description} ({choices}default: {shown_default(field)})"


_WIDEST: Final = 16
"""Most characters of a metavar beside its flag: a wider column would leave too little room for a URL in the text."""
_LONG_CHOICE: Final = "WORD"
"""Metavar of a flag whose choices are too long for the column, and so are listed in its help text."""


def _is_long(form: str) -> bool:
    return "|" in form and len(form) > _WIDEST
