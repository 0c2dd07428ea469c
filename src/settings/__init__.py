"""What an operator may set: a TOML file < the environment < the command line; one name in all three."""

from foreseen.settings.declared import Settings
from foreseen.settings.network_values import ANY_HOST, HOST_NAME
from foreseen.settings.password_file import password_reader
from foreseen.settings.redis_url import masked
from foreseen.settings.setting_messages import about_setting, flag_of
from foreseen.settings.setting_sources import CONFIG_VARIABLE, SettingsError, ignored_variables

__all__ = [
    "ANY_HOST",
    "CONFIG_VARIABLE",
    "HOST_NAME",
    "Settings",
    "SettingsError",
    "about_setting",
    "flag_of",
    "ignored_variables",
    "masked",
    "password_reader",
]
