"""Where models are in a folder: files, folders that are a model, and folders of versions."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from foreseen.domain.errors import ModelUnavailableError
from foreseen.settings.setting_values import FORMS, NAME

Value = TypeVar("Value")

ONLY: Final = "1"
"""The version of a model whose file or folder names none."""

_COMPRESSED: Final = re.compile(r"\.(gz|z|bz2|xz|lzma|zst)$", re.IGNORECASE)
_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NAMELESS: Final = "model"
"""The stem of a file that is named after what it is, and so names no version."""


@dataclass(frozen=True, slots=True)
class ModelKinds:
    """Recognises models by their names and first bytes, without loading them.

    Attributes:
        is_folder: whether a folder as a whole is a model.
        is_file: whether a file is a model.
    """

    is_folder: Callable[[Path], bool]
    is_file: Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class Layout:
    """What is in a folder.

    Attributes:
        models: the path of each version, by model and version.
        ignored: names that are no models, with a slash after those of folders.
    """

    models: Mapping[str, Mapping[str, Path]]
    ignored: Sequence[str] = field(default=())


def layout_of(root: Path, kinds: ModelKinds) -> Layout | Path:
    """Return the models in a folder; the path of the model if it is a single one, or no folder.

    Raises:
        ModelUnavailableError: a folder cannot be read, two models or versions have the same name, or one has a name
            that cannot stand in a URL.
    """
    if not _is_dir(root) or kinds.is_folder(root):
        return root
    entries = list(_entries(root))
    models = {path: _versions_in(path, kinds) for path in entries}
    found = {path: versions for path, versions in models.items() if versions}
    if not found:
        return root
    if len(found) == 1 and not _is_dir(only := next(iter(found))):
        return only
    ignored = [f"{path.name}/" if _is_dir(path) else path.name for path in entries if path not in found]
    if all(_WHOLE_NUMBER.fullmatch(stem_of(path)) for path in found):
        name = checked_name(root.resolve().name, root)
        models_at = {path: _model_at(path, kinds) for path in found}
        return Layout({name: _paths({path: model for path, model in models_at.items() if model is not None})}, ignored)
    return Layout({name: versions for name, (_, versions) in _by_name(found).items()}, ignored)


def versions_at(path: Path, kinds: ModelKinds) -> Mapping[str, Path]:
    """Return the versions of the one model at a path: a model, or a folder of versions; {} if it is neither.

    Raises:
        ModelUnavailableError: as `layout_of`.
    """
    return {ONLY: path} if not _is_dir(path) else _versions_in(path, kinds)


def stem_of(path: Path) -> str:
    """Return the name of a folder, or that of a file without its suffix: iris for iris.joblib.gz."""
    return path.name if _is_dir(path) else Path(_COMPRESSED.sub("", path.name)).stem


def checked_name(name: str, path: Path) -> str:
    """Return the name of a model or version; raise ModelUnavailableError if it cannot stand in a URL."""
    if not re.fullmatch(NAME, name):
        raise ModelUnavailableError(f"{path}: expected a name of {FORMS[NAME]}, got {name!r}")
    return name


def _versions_in(path: Path, kinds: ModelKinds) -> Mapping[str, Path]:
    """Return the versions of what an entry of a folder is; {} if it is no model."""
    if not _is_dir(path):
        return {ONLY: path} if kinds.is_file(path) else {}
    if kinds.is_folder(path):
        return {ONLY: path}
    found = {entry: model for entry in _entries(path) if (model := _model_at(entry, kinds)) is not None}
    if len(found) == 1:
        entry, model = next(iter(found.items()))
        if stem_of(entry) in (_NAMELESS, path.name):
            return {ONLY: model}
    return _paths(found)


def _paths(found: Mapping[Path, Path]) -> Mapping[str, Path]:
    return {version: model for version, (_, model) in _by_name(found).items()}


def _model_at(entry: Path, kinds: ModelKinds) -> Path | None:
    """Return the one model that an entry of a folder of versions is or contains; None if there is none."""
    if not _is_dir(entry):
        return entry if kinds.is_file(entry) else None
    if kinds.is_folder(entry):
        return entry
    return _one_of(entry, {path.name: path for path in _entries(entry) if _is_model(path, kinds)})


def _one_of(entry: Path, models: Mapping[str, Path]) -> Path | None:
    if len(models) > 1:
        names = ", ".join(sorted(path.name for path in models.values()))
        raise ModelUnavailableError(f"{entry}: expected one model in the folder of a version, got {names}")
    return next(iter(models.values()), None)


def _is_model(path: Path, kinds: ModelKinds) -> bool:
    return kinds.is_folder(path) if _is_dir(path) else kinds.is_file(path)


def _by_name(found: Mapping[Path, Value]) -> Mapping[str, tuple[Path, Value]]:
    """Return what was found at paths, by their names, of which no two may be equal."""
    named: dict[str, tuple[Path, Value]] = {}
    for path, value in found.items():
        name = checked_name(stem_of(path), path)
        if name in named:
            raise ModelUnavailableError(f"{path}: expected another name than that of {named[name][0]}, got {name}")
        named[name] = (path, value)
    return named


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder, sorted by name, but for hidden names and what Python has compiled."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names are sorted as text
    except OSError as exc:
        raise ModelUnavailableError(f"{folder}: expected a folder of models: {exc.strerror or exc}") from None
    for name in names:
        if not name.startswith((".", "__")):
            yield folder / name


def _is_dir(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - accepts a name that is too long
