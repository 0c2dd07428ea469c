"""Where settings come from beside the command line: a TOML file, and the environment."""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, Final

from foreseen.domain.did_you_mean import near_hint
from foreseen.domain.errors import ForeseenError
from foreseen.settings.service_variables import service_variables

ENV_PREFIX: Final = "FORESEEN_"
CONFIG_VARIABLE: Final = "FORESEEN_CONFIG"
_TEST_PREFIX: Final = "FORESEEN_TEST_"
"""Names in the environment that are ours and no settings: where the file is, and what tests are told."""


class SettingsError(ForeseenError):
    """A setting is unknown or wrong; says where it stands and what was expected."""


def of_file(config: Path | None, known: Mapping[str, object]) -> dict[str, Any]:
    """Give what a file says of known settings; raise SettingsError where it says anything else."""
    if config is None:
        return {}
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"{config}: expected a settings file, got {(exc.strerror or str(exc)).lower()}") from None
    except ValueError as exc:  # no TOML, or no UTF-8
        raise SettingsError(f"{config}: expected TOML: {exc}") from None
    _refuse_unknown(values, known=known, place=lambda name: f"{config}: {name}")
    return values


def of_environment(known: Iterable[str]) -> dict[str, Any]:
    """Give what the environment says of known settings; raise SettingsError where it says anything else."""
    ignored = ignored_variables()
    given = {name: text for name, text in os.environ.items() if name.startswith(ENV_PREFIX) and name not in ignored}
    ours = {name: text for name, text in given.items() if name != CONFIG_VARIABLE and not name.startswith(_TEST_PREFIX)}
    names = {ENV_PREFIX + field.upper(): field for field in known}
    _refuse_unknown(ours, known=names, place=str)
    return {names[name]: text for name, text in ours.items()}


def ignored_variables() -> Sequence[str]:
    """Return the names in the environment that look like settings and are Kubernetes' own."""
    return sorted(service_variables(os.environ, ENV_PREFIX))


def _refuse_unknown(given: Iterable[str], *, known: Mapping[str, object], place: Callable[[str], str]) -> None:
    for name in given:
        if name not in known:
            hint = near_hint(name, known, most=inf) or "foreseen serve --help lists them"
            raise SettingsError(f"{place(name)}: expected a known setting; {hint}")
