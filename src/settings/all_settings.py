"""Settings: all groups of settings together, as they are read from a file, the environment and the caller.

`redis_url` in the file is `FORESEEN_REDIS_URL` in the environment and `--redis-url` on the command line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from foreseen.settings.groups.access_group import AccessGroup
from foreseen.settings.groups.cache_group import CacheGroup
from foreseen.settings.groups.log_group import LogGroup
from foreseen.settings.groups.model_group import ModelGroup
from foreseen.settings.groups.server_group import ServerGroup
from foreseen.settings.setting_messages import flag_of, worded
from foreseen.settings.setting_sources import ENV_PREFIX, SettingsError, of_environment, of_file
from foreseen.settings.setting_values import NAMES_WRITTEN


# The groups in the order of --help, read backwards: pydantic takes the fields of the last base first.
class Settings(LogGroup, AccessGroup, ServerGroup, CacheGroup, ModelGroup):
    """Every setting; frozen, read once before anything starts."""

    @classmethod
    def load(cls, config: Path | None, given: Mapping[str, object], *, place: Callable[[str], str] = flag_of) -> Self:
        """Read the file, the environment, and the caller's values, which override both.

        Args:
            config: a TOML file; None for none.
            given: values by setting, such as those of the command line.
            place: returns what errors call a setting that was given, by its name; its flag by default.
        Raises:
            SettingsError: a setting is unknown or wrong; the message describes the first one.
        """
        from_file, from_environment = of_file(config, cls.model_fields), of_environment(cls.model_fields)
        places = {name: f"{config}: {name}" for name in from_file}
        places |= {name: ENV_PREFIX + name.upper() for name in from_environment}
        places |= {name: place(name) for name in given}
        try:
            return cls.model_validate(
                {**from_file, **from_environment, **given},
                context={NAMES_WRITTEN: from_file.keys() - from_environment.keys() - given.keys()},
            )
        except ValidationError as exc:
            raise SettingsError(worded(exc, places, cls.model_fields)) from None


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where settings came from, so that they can be read again.

    Attributes:
        config: a TOML file; None for none.
        flags: values of the command line, by setting.
    """

    config: Path | None
    flags: Mapping[str, object]

    def load(self) -> Settings:
        """Read the settings; raise SettingsError as `Settings.load`."""
        return Settings.load(self.config, self.flags)
