"""Messages about wrong settings: where the setting was given, what was expected, and what it was unless secret."""

from collections.abc import Mapping
from math import inf
from typing import TypedDict, cast

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.settings.setting_values import FORMS
from foreseen.settings.wrong_value import WrongValueError


class AboutSetting(TypedDict):
    """The metadata of a setting: its heading and the form of its value in help texts, and whether messages hide it."""

    group: str
    shown: str
    secret: bool


def about_setting(field: FieldInfo) -> AboutSetting:
    """Return the metadata of a setting, given its field."""
    return cast("AboutSetting", field.json_schema_extra)


def worded(exc: ValidationError, places: Mapping[str, str], fields: Mapping[str, FieldInfo]) -> str:
    """Return a message about the first error.

    Args:
        places: where each setting was given, by its name.
        fields: all settings, by name.
    """
    error = exc.errors(include_url=False)[0]
    name = str(error["loc"][0])
    place = places.get(name, name)
    known = fields.get(name)
    if known is None:
        return f"{place}: expected a known setting; {did_you_mean(name, fields, most=inf)}"
    about = about_setting(known)
    cause = error.get("ctx", {}).get("error")
    hidden = "another" if about["secret"] else repr(error["input"])
    got = cause.got if isinstance(cause, WrongValueError) else hidden
    return f"{place}: expected {_expectation(error, about['shown'])}, got {got}"


def _expectation(error: ErrorDetails, shown: str) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return str(context["expected"])
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            words = {"ge": "{:g} or more", "le": "{:g} or less", "gt": "more than {:g}"}
            return next(said.format(context[sign]) for sign, said in words.items() if sign in context)
        case "string_pattern_mismatch":
            return FORMS[context["pattern"]]
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "byte_size" | "byte_size_unit":
            return "a size such as 512KiB, 8MiB or 1GiB"
        case _:
            return shown


def flag_of(name: str) -> str:
    """Return the flag of a setting: "--max-rows" for max_rows."""
    return "--" + name.replace("_", "-")
