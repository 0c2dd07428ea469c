"""Which versions of a model are served, and which of them answers where a request names none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foreseen.settings.fleet.model_tables import ModelTable
from foreseen.settings.setting_sources import SettingsError

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The versions to serve, by version, and the default among them."""

    paths: Mapping[str, Path]
    default: str


def chosen_versions(found: Mapping[str, Path], table: ModelTable) -> Chosen:
    """Return the versions that a table chooses among those that were found.

    The latest version is known only among whole numbers: of v9 and v10, the order of text would choose v9.

    Raises:
        SettingsError: a version is missing or ambiguous; the message names table and key.
    """
    for key, version in _named(table).items():
        if version not in found:
            raise SettingsError(f"{table.place}.{key}: expected one of {', '.join(found)}, got {version}")
    for alias in table.aliases:
        if alias in found:
            raise SettingsError(f"{table.place}.aliases: expected a name that is no version, got {alias}")
    default = _default(found, table)
    served = _served(found, table, default)
    for key, version in {**_named(table), "default": default}.items():
        if version not in served:
            expected = f"one of the served versions {', '.join(served)}"
            raise SettingsError(f"{table.place}.{key}: expected {expected}, got {version}")
    ordered = sorted(found, key=int) if all(map(_WHOLE_NUMBER.fullmatch, found)) else found
    return Chosen({version: found[version] for version in ordered if version in served}, default)


def _served(found: Mapping[str, Path], table: ModelTable, default: str) -> set[str]:
    """Return the versions to serve; with the latest, also those that the table names otherwise."""
    match table.versions:
        case "all":
            return set(found)
        case "latest":
            latest = _latest(found)
            return {default, *table.aliases.values(), *({latest} if latest is not None else ())}
        case listed:
            return set(listed)


def _default(found: Mapping[str, Path], table: ModelTable) -> str:
    if table.default is not None:
        if not table.default.startswith("@"):
            return table.default
        alias = table.default[1:]
        if alias not in table.aliases:
            raise SettingsError(f"{table.place}.default: expected an alias of {table.place}.aliases, got {alias}")
        return table.aliases[alias]
    among = found if isinstance(table.versions, str) else {version: found[version] for version in table.versions}
    if (latest := _latest(among)) is not None:
        return latest
    if len(aliased := set(table.aliases.values())) == 1:
        return next(iter(aliased))
    names = ", ".join(among)
    raise SettingsError(
        f"{table.place}.default: expected a version, since not all of {names} are whole numbers, got none; "
        f'try: default = "{list(among)[-1]}"'
    )


def _latest(found: Mapping[str, Path]) -> str | None:
    """Return the only version, or the greatest of whole numbers; None if not all are."""
    if len(found) == 1:
        return next(iter(found))
    if not all(map(_WHOLE_NUMBER.fullmatch, found)) or len(set(map(int, found))) < len(found):
        return None  # 3 and 03 are the same number
    return max(found, key=int)


def _named(table: ModelTable) -> Mapping[str, str]:
    """Return the versions that a table names, by the key that names them; a default by an alias is left out."""
    listed = () if isinstance(table.versions, str) else table.versions
    named = {f"aliases.{alias}": version for alias, version in table.aliases.items()}
    if table.default is not None and not table.default.startswith("@"):
        named["default"] = table.default
    return named | {f"versions[{place}]": version for place, version in enumerate(listed)}
