"""Checked folders: every import from a folder that Foreseen adds to the import path is checked.

Libraries import optional dependencies, some only during a call: one that is not installed could be a file that another
user has put into the working directory.
"""

import logging
import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError

log = logging.getLogger(__name__)

CHECKED: Final[set[str]] = set()
"""The folders that were added, links resolved."""

ADDED: Final[set[str]] = set()
"""The same as they are on the import path."""


def put_on_path(folders: Sequence[Path]) -> None:
    """Append folders to the import path, and reject modules in them that another user could change.

    They come before folders that were appended for other models, which may have modules of the same names. A folder
    that is on the import path otherwise stays where it is, and is not checked.
    """
    others, before = _parted(sys.path)
    names = [name for name in dict.fromkeys(map(str, folders)) if name not in others]
    after = [*names, *(name for name in before if name not in names)]
    if after == before:
        return
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
    sys.path[:] = [*others, *after]
    for name in names:
        ADDED.add(name)
        CHECKED.add(_real(name))
        for known in [each for each in sys.path_importer_cache if each == name or each.startswith(name + os.sep)]:
            del sys.path_importer_cache[known]  # a finder that is cached does not check


def _parted(path: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the entries of others, and those that were appended here, of which others may have added one as well."""
    last = {name: place for place, name in enumerate(path) if name in ADDED}
    ours = set(last.values())
    return [name for place, name in enumerate(path) if place not in ours], [path[place] for place in sorted(ours)]


def _finder(path: str) -> FileFinder:
    """Return a finder for an added folder or a package in it; raise ImportError for any other path."""
    if not (os.path.isdir(path) and _real(_entry_of(path)) in CHECKED):  # noqa: PTH112 - for each folder of a package
        raise ImportError(path)
    return FileFinder(
        path, (_Extension, EXTENSION_SUFFIXES), (_Source, SOURCE_SUFFIXES), (_Compiled, BYTECODE_SUFFIXES)
    )


def _entry_of(path: str) -> str:
    """Return the innermost entry of the import path around a folder: an environment may be in the working directory."""
    around = (path, *map(str, Path(path).parents))
    return next((each for each in around if each in sys.path or _real(each) in CHECKED), "")


@lru_cache(maxsize=256)
def _real(path: str) -> str:
    return os.path.realpath(path)


def _reject_open(spec: ModuleSpec) -> None:
    """Raise ImportError if another user could change a module; libraries do without what they cannot import."""
    if spec.origin is None:
        return
    try:
        require_private(Path(spec.origin), "module")
    except (ModelUnavailableError, OSError) as exc:
        log.warning("not imported: %s", exc)
        raise ImportError(str(exc), name=spec.name, path=spec.origin) from None


class _Source(SourceFileLoader):
    """Loads a module from its source, never from `__pycache__`, which others may be able to write to."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        _reject_open(spec)
        return super().create_module(spec)

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Extension(ExtensionFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        _reject_open(spec)
        return super().create_module(spec)


class _Compiled(SourcelessFileLoader):
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        _reject_open(spec)
        return super().create_module(spec)
