"""Sources of settings besides the command line: a TOML file, and the environment."""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Final

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import ForeseenError
from foreseen.settings.service_variables import service_variables

ENV_PREFIX: Final = "FORESEEN_"
CONFIG_VARIABLE: Final = "FORESEEN_CONFIG"
MODELS: Final = "models"
"""The key in a settings file under which there is a table for each model."""

_TEST_PREFIX: Final = "FORESEEN_TEST_"
"""Variables with our prefix that are not settings: the path of the settings file, and options of tests."""


class SettingsError(ForeseenError):
    """A setting is unknown or wrong; the message names its source and what was expected."""


def of_file(config: Path | None, known: Mapping[str, object]) -> dict[str, object]:
    """Return the settings in a TOML file, {} for None; raise SettingsError if it is unreadable or has others.

    Tables of models are left out: a service alone reads them, and the file may be shared with other commands.
    """
    values = {} if config is None else {**read_toml(config)}
    values.pop(MODELS, None)
    _check_known(values, known=known, place=lambda name: f"{config}: {name}")
    return values


def read_toml(config: Path) -> Mapping[str, object]:
    """Return what a TOML file holds; raise SettingsError if it is unreadable."""
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"{config}: expected a settings file, got {(exc.strerror or str(exc)).lower()}") from None
    except ValueError as exc:  # no TOML, or no UTF-8
        raise SettingsError(f"{config}: expected TOML: {exc}") from None


def of_environment(known: Iterable[str]) -> dict[str, object]:
    """Return the settings in the environment as texts; raise SettingsError for a FORESEEN_ variable of another name."""
    ignored = ignored_variables()
    given = {name: text for name, text in os.environ.items() if name.startswith(ENV_PREFIX) and name not in ignored}
    ours = {name: text for name, text in given.items() if name != CONFIG_VARIABLE and not name.startswith(_TEST_PREFIX)}
    names = {ENV_PREFIX + field.upper(): field for field in known}
    _check_known(ours, known=names, place=str)
    return {names[name]: text for name, text in ours.items()}


def ignored_variables() -> Sequence[str]:
    """Return the variables that look like settings but are set by Kubernetes for services, sorted."""
    return sorted(service_variables(os.environ, ENV_PREFIX))


def _check_known(given: Iterable[str], *, known: Mapping[str, object], place: Callable[[str], str]) -> None:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, most=inf) or "foreseen serve --help lists them"
            raise SettingsError(f"{place(name)}: expected a known setting; {hint}")
