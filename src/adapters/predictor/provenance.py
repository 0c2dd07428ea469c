"""Provenance: the libraries that compute a model's answers, and the user's own modules that its file does not hold."""

import inspect
import platform
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from foreseen.adapters.predictor.parts import parts

ALWAYS = ("numpy", "scikit-learn", "scipy")
"""Distributions that have a hand in every model here."""


def library_versions(model: Any) -> dict[str, str]:
    """Give name and version of Python and of each distribution that defines a part of the model."""
    tops = {name.partition(".")[0] for name in _module_names(model)}
    owners = metadata.packages_distributions()
    names = {*ALWAYS, *(owner for top in tops for owner in owners.get(top, ()))} - {"foreseen"}
    versions = {name: metadata.version(name) for name in sorted(names)}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **versions}


def own_sources(model: Any) -> dict[str, bytes]:
    """Give the source of each of the user's own modules that the model is made of, and of those that they import.

    Own is what was neither installed nor comes with Python.
    """
    waiting = [sys.modules[name] for name in _module_names(model) if name in sys.modules]
    sources: dict[str, bytes] = {}
    while waiting:
        module = waiting.pop()
        path = _own_file(module)
        if path is None or module.__name__ in sources:
            continue
        sources[module.__name__] = path.read_bytes()
        waiting.extend(_imported_by(module))
    return sources


def _module_names(model: Any) -> set[str]:
    names: set[str] = set()
    for part in parts(model):
        kinds = (part,) if inspect.isroutine(part) else part.__mro__ if isinstance(part, type) else type(part).__mro__
        names.update(str(kind.__module__) for kind in kinds if getattr(kind, "__module__", None))
    return names


def _imported_by(module: ModuleType) -> Iterator[ModuleType]:
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            yield value
        elif (name := getattr(value, "__module__", None)) in sys.modules:
            yield sys.modules[name]


def _own_file(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    is_own = not any(path.is_relative_to(folder) for folder in _INSTALLED)
    return path if is_own and module.__name__.partition(".")[0] != "foreseen" and path.is_file() else None


_INSTALLED = tuple(
    {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
