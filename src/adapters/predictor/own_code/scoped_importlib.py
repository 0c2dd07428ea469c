"""Scoped importlib: the `importlib` of own modules, by which they find own modules of the same load as well."""

import importlib
import importlib.machinery
import importlib.util
import os
from collections.abc import Callable, Mapping
from importlib.machinery import SOURCE_SUFFIXES, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from _typeshed import StrPath

    from foreseen.adapters.predictor.own_code.module_file import ModuleFile


class ImportScope(Protocol):
    """What import statements need of the own modules of one load."""

    def is_own(self, name: str) -> bool:
        """Return whether a module of this full name is the user's own."""

    def file(self, name: str) -> "ModuleFile | None":
        """Return the file of an own module; None if there is none."""

    def module(self, name: str) -> ModuleType:
        """Return an own module, executed; raise ModuleNotFoundError if there is none."""

    def execute_by_path(self, module: ModuleType, spec: ModuleSpec) -> None:
        """Execute a file that is imported by its path, in a module that was created for it."""


def scoped_importlib(own: ImportScope) -> Mapping[str, ModuleType]:
    """Return `importlib`, its `util` and its `machinery`, by name, with scoped imports by name and by path."""

    class OwnFileLoader(SourceFileLoader):
        """Executes a file by its path as an own module: from its source, and counted in the fingerprint."""

        def exec_module(self, module: ModuleType) -> None:
            spec = importlib.util.spec_from_file_location(self.name, self.path, loader=self)
            own.execute_by_path(module, module.__spec__ or cast("ModuleSpec", spec))

    def import_module(name: str, package: str | None = None) -> ModuleType:
        full = importlib.util.resolve_name(name, package)
        return own.module(full) if own.is_own(full) else importlib.import_module(full)

    def spec_from_file_location(name: str, location: "StrPath | None" = None, **options: object) -> ModuleSpec | None:
        path = os.fspath(location) if location is not None else ""
        if options.get("loader") is None and path.endswith(tuple(SOURCE_SUFFIXES)):
            options["loader"] = OwnFileLoader(name, path)
        find: Callable[..., ModuleSpec | None] = importlib.util.spec_from_file_location
        return find(name, location, **options)

    util = _Scoped(importlib.util, spec_from_file_location=spec_from_file_location)
    machinery = _Scoped(importlib.machinery, SourceFileLoader=OwnFileLoader)
    top = _Scoped(importlib, import_module=import_module, util=util, machinery=machinery)
    return {each.__name__: each for each in (top, util, machinery)}


class _Scoped(ModuleType):
    """A copy of a module with some of its attributes replaced."""

    def __init__(self, module: ModuleType, **instead: object) -> None:
        super().__init__(module.__name__)
        vars(self).update(vars(module), **instead)
        self._module = module

    def __getattr__(self, name: str) -> object:
        return getattr(self._module, name)
