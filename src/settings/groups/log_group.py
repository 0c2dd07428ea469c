"""LogGroup: the settings of the log."""

from functools import partial
from typing import Final, Literal

from foreseen.settings.groups.setting_group import SettingGroup, setting

_setting: Final = partial(setting, "Logs")


class LogGroup(SettingGroup):
    """The settings of the log."""

    log_format: Literal["text", "json"] = _setting("text", "Format of log lines.", shown="text|json")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Least severe level that is logged.", shown="debug|info|warning|error"
    )
