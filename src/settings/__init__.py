"""The settings, read from a TOML file, the environment and the command line; each overrides those before it."""

from foreseen.settings.all_settings import Settings, SettingsSource
from foreseen.settings.network_values import ANY_HOST, HOST_NAME
from foreseen.settings.password_file import password_reader
from foreseen.settings.redis_mode import RedisMode
from foreseen.settings.redis_url import masked
from foreseen.settings.setting_messages import about_setting, flag_of
from foreseen.settings.setting_sources import CONFIG_VARIABLE, SettingsError, ignored_variables
from foreseen.settings.tiers import TIERS, CacheName

__all__ = [
    "ANY_HOST",
    "CONFIG_VARIABLE",
    "HOST_NAME",
    "TIERS",
    "CacheName",
    "RedisMode",
    "Settings",
    "SettingsError",
    "SettingsSource",
    "about_setting",
    "flag_of",
    "ignored_variables",
    "masked",
    "password_reader",
]
