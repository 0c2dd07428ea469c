"""Tables of models in a settings file: `[models.iris]`, each with what the model does not inherit from the top."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.settings.all_settings import Settings
from foreseen.settings.setting_messages import worded
from foreseen.settings.setting_sources import MODELS, SettingsError, read_toml
from foreseen.settings.setting_values import FORMS, NAME, NAMES_WRITTEN

OWN_SETTINGS: Final = (
    *("features", "missing", "sidecar", "code", "outputs", "model_sha256", "rows_per_call", "model_threads"),
    *("model_engine", "trusted_types", "cache", "cache_nondeterministic", "ttl", "redis_lookups", "lease_min_cost"),
    *("lease", "model_isolation", "model_timeout", "max_body", "max_rows", "max_waiting", "timeout"),
)
"""Settings that a model may have for itself."""

_KEYS: Final = ("path", "versions", "default", "aliases", *OWN_SETTINGS)

VersionChoice = Literal["latest", "all"] | tuple[str, ...]
"""Which versions are served: the greatest number, all, or those that are listed."""


@dataclass(frozen=True, slots=True)
class ModelTable:
    """What a settings file says about one model.

    Attributes:
        place: the table in messages, such as foreseen.toml: models.iris.
        path: where it is; None where the folder that is served has it.
        default: the version that answers where a request names none; None if the numbers say so.
        aliases: versions by further names.
        own: values of settings, by name.
    """

    place: str
    path: Path | None = None
    versions: VersionChoice = "latest"
    default: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, object] = field(default_factory=dict)


def tables_of(config: Path | None) -> Mapping[str, ModelTable]:
    """Return the tables in a settings file by the models' names; {} for None.

    Raises:
        SettingsError: the file cannot be read, or a value is wrong; the message names table and key.
    """
    tables = {} if config is None else read_toml(config).get(MODELS, {})
    place = f"{config}: {MODELS}"
    if not isinstance(tables, dict):
        raise SettingsError(f"{place}: expected tables such as [models.iris], got {tables!r}")
    return {name: _table(_name(name, place), values, f"{place}.{name}") for name, values in tables.items()}


def _table(name: str, values: object, place: str) -> ModelTable:
    if not isinstance(values, dict):
        raise SettingsError(f"{place}: expected a table such as [models.{name}], got {values!r}")
    for key in values:
        if key not in _KEYS:
            raise SettingsError(f"{place}.{key}: expected a key of a model; {_hint(key)}")
    return ModelTable(
        place,
        path=_path(values.get("path"), f"{place}.path"),
        versions=_versions(values.get("versions", "latest"), f"{place}.versions"),
        default=None if "default" not in values else _default(values["default"], f"{place}.default"),
        aliases=_aliases(values.get("aliases", {}), f"{place}.aliases"),
        own=_own({key: value for key, value in values.items() if key in OWN_SETTINGS}, place),
    )


def _hint(key: str) -> str:
    if key in Settings.model_fields:
        return "this setting is one of the whole service, at the top of the file"
    return did_you_mean(key, _KEYS, most=inf) or f"one of {', '.join(_KEYS)}"


def _name(name: str, place: str) -> str:
    if not re.fullmatch(NAME, name):
        raise SettingsError(f"{place}: expected names of {FORMS[NAME]}, got {name!r}")
    return name


def _path(value: object, place: str) -> Path | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value or "\0" in value:
        raise SettingsError(f"{place}: expected the path of a model or of a folder of versions, got {value!r}")
    return Path(value)


def _versions(value: object, place: str) -> VersionChoice:
    if value == "latest":
        return "latest"
    if value == "all":
        return "all"
    if isinstance(value, list) and value:
        versions = tuple(_version(each, place) for each in value)
        if len(set(versions)) == len(versions):
            return versions
    raise SettingsError(f'{place}: expected "latest", "all" or a list such as ["3", "5"], each once, got {value!r}')


def _version(value: object, place: str) -> str:
    """Return a version, which may be written as a number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(NAME, text):
        raise SettingsError(f"{place}: expected a version of {FORMS[NAME]}, got {value!r}")
    return text


def _default(value: object, place: str) -> str:
    """Return a version, or @ and an alias."""
    if isinstance(value, str) and value.startswith("@"):
        return f"@{_version(value[1:], place)}"
    return _version(value, place)


def _aliases(value: object, place: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise SettingsError(f'{place}: expected versions by alias, such as {{champion = "5"}}, got {value!r}')
    return {_name(alias, place): _version(version, f"{place}.{alias}") for alias, version in value.items()}


def _own(values: Mapping[str, object], place: str) -> Mapping[str, object]:
    places = {key: f"{place}.{key}" for key in values}
    try:
        read = Settings.model_validate(dict(values), context={NAMES_WRITTEN: values.keys()})
    except ValidationError as exc:
        raise SettingsError(worded(exc, places, Settings.model_fields)) from None
    return {key: getattr(read, key) for key in values}
