"""SettingGroup: some of the settings, which --help lists under one heading."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class SettingGroup(BaseModel):
    """The settings of one group. All of them together are `Settings`, which alone is ever made."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
        defer_build=True,  # --help reads no settings
    )


def setting(group: str, default: Any, description: str, *, shown: str, secret: bool = False, **limits: Any) -> Any:
    """Declare a setting: its group and description are shown in --help, `shown` is the form of its value there."""
    extra: Any = {"group": group, "shown": shown, "secret": secret}
    return Field(default, description=description, repr=not secret, json_schema_extra=extra, **limits)
