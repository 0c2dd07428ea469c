"""Options for files as arguments in Python: those of the command `foreseen score`, by the same names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Final, Literal

from foreseen.domain.tables.table_format import Format
from foreseen.entrypoints.python.setting_arguments import NAMES, FilePath, ModelSettings, plain
from foreseen.settings import SettingsError


class FileSettings(ModelSettings, total=False):
    """The settings of a model and its caches, and for files the command's options of the same names."""

    rejects: FilePath
    max_rejects: int
    resume: bool
    force: bool
    engine: Literal["local", "ray"]
    ray_address: str
    format: Format
    output_format: Format
    delimiter: str
    output_delimiter: str
    quote: str
    escape: str
    decimal: str
    thousands: str
    trim: bool
    skip_rows: int
    comment: str
    encoding: str
    na: str | Sequence[str]
    sheet: str
    columns_as: str | Mapping[str, str]
    model_column: str
    where: str
    sample: int | float | str
    seed: int
    limit: int
    chunk_rows: int


ALL_NAMES: Final = tuple(FileSettings.__annotations__)
OPTIONS: Final = tuple(name for name in ALL_NAMES if name not in NAMES)
"""Names of the options that are for files only."""
OF_THE_COMMAND: Final = ("dry_run", "summary", "log_format", "log_level", "help")
"""Options that only the command has."""
_SWITCHES: Final = ("resume", "force", "trim")
_LISTS: Final = ("keep", "na")
_FLAG: Final = re.compile(r"(?<![^\s('])--([a-z]+(?:-[a-z]+)*)(?![\w./-])(:?)")


def as_in_python(said: str) -> str:
    """Return a message of the command with its options renamed as in Python: `where: …`, `force=True …`."""

    def renamed(found: re.Match[str]) -> str:
        name, colon = found[1].replace("-", "_"), found[2]
        return f"{name}=True" if name in _SWITCHES and not colon else name + colon

    return _FLAG.sub(renamed, said)


def check_names(names: Iterable[str], words: Sequence[str]) -> None:
    """Raise SettingsError for an option that only the command has, among the names or the command-line words."""
    for name in OF_THE_COMMAND:
        flag = "--" + name.replace("_", "-")
        is_word = name == "dry_run" and flag in words
        if name in names or is_word:
            place = "options" if is_word else name
            got = f"got one that only the command has; in a shell: foreseen score … {flag}"
            raise SettingsError(f"{place}: expected an option of Python code, {got}")


def words_of(given: Mapping[str, object]) -> list[str]:
    """Return options as words of the command line, leaving out those that are None.

    Raises:
        SettingsError: a value cannot be written on the command line.
    """
    words = []
    for name, as_given in given.items():
        value = plain(as_given) if name in _LISTS or not isinstance(as_given, Iterable) else as_given
        flag = "--" + name.replace("_", "-")
        if name in _SWITCHES and value is not None:
            if not isinstance(value, bool):
                raise SettingsError(f"{name}: expected True or False, got {value!r}")
            words += [flag] if value else []
        elif value is not None:
            words.append(f"{flag}={_text(name, value)}")
    return words


def _text(name: str, value: object) -> str:
    if isinstance(value, Mapping) and name == "columns_as":
        return _joined(name, [f"{_name(name, key, ',=')}={_name(name, each, ',=')}" for key, each in value.items()])
    if isinstance(value, str | PathLike):
        return str(fspath(value))
    if isinstance(value, tuple) and name in _LISTS:
        return _joined(name, [_name(name, each, ",") for each in value])
    if isinstance(value, int | float):
        return str(value)
    raise SettingsError(f"{name}: expected text or a number, got {type(value).__name__}")


def _joined(name: str, texts: Sequence[str]) -> str:
    if not texts and name == "columns_as":
        raise SettingsError(f"{name}: expected at least one column, got none")
    return ",".join(texts)


def _name(option: str, given: object, reserved: str) -> str:
    """Return a name for a list; raise SettingsError if it could be read as several."""
    if not isinstance(given, str):
        raise SettingsError(f"{option}: expected text, got {given!r}")
    if any(each in given for each in reserved) or given != given.strip() or not given:
        raise SettingsError(
            f"{option}: expected names without {' or '.join(reserved)} or blanks around them, got {given!r}"
        )
    return given
