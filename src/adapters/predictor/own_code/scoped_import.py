"""ScopedImport: the import statement of own modules, which finds own modules of the same load."""

import builtins
from collections.abc import Mapping, Sequence
from importlib.util import resolve_name
from types import ModuleType

from foreseen.adapters.predictor.own_code.scoped_importlib import ImportScope, scoped_importlib


class ScopedImport:
    """Replaces `__import__`, which import statements call, in the builtins of own modules."""

    def __init__(self, own: ImportScope) -> None:
        self._own = own
        self._importlib = scoped_importlib(own)

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - as it is called
        locals: Mapping[str, object] | None = None,  # noqa: A002 - as it is called
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as `__import__` does."""
        package = str((globals or {}).get("__package__") or "")
        if level and not package:  # fails with Python's own message
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        full = resolve_name("." * level + name, package)
        if not self._own.is_own(full):
            module = builtins.__import__(name, globals, locals, fromlist or (), level)
            return self._importlib.get(module.__name__, module)
        module = self._own.module(full)
        if fromlist:
            self._import_from(full, module, fromlist)
            return module
        return self._own.module(full.partition(".")[0])

    def _import_from(self, name: str, module: ModuleType, fromlist: Sequence[str]) -> None:
        """Import the modules among the names that are imported from a package."""
        if not hasattr(module, "__path__"):
            return
        for each in fromlist:
            if each == "*":
                self._import_from(name, module, [part for part in getattr(module, "__all__", ()) if part != "*"])
            elif not hasattr(module, each) and self._own.file(f"{name}.{each}") is not None:
                self._own.module(f"{name}.{each}")
