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

from foreseen.adapters.predictor.loading.object_graph import parts

ALWAYS = ("numpy", "scikit-learn", "scipy")
"""Distributions that have a hand in every model here."""


def library_versions(model: Any) -> dict[str, str]:
    """Give name and version of Python and of each distribution that defines a part of the model."""
    names = {*ALWAYS, *_owners(_top_level_names(model))} - {"foreseen"}
    versions = {name: metadata.version(name) for name in sorted(names)}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **versions}


def is_of_scikit_learn(model: Any) -> bool:
    """Tell whether a model is made of scikit-learn alone, and of what that computes with."""
    return _top_level_names(model) <= {"sklearn", "numpy", "scipy", *sys.stdlib_module_names}


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


def _top_level_names(model: Any) -> set[str]:
    return {name.partition(".")[0] for name in _module_names(model)}


def _owners(tops: set[str]) -> set[str]:
    """Give the distributions that these top-level modules come from."""
    quick = {top: _namesake(top) for top in tops - sys.stdlib_module_names}
    if None not in quick.values():
        return {owner for owner in quick.values() if owner}
    owners = metadata.packages_distributions()  # which goes through the files of everything that is installed
    return {owner for top in tops for owner in owners.get(top, ())}


def _namesake(top: str) -> str | None:
    """Give the distribution that is called as a module and installed beside it; None where that tells nothing."""
    name = {"sklearn": "scikit-learn"}.get(top, top)
    file = getattr(sys.modules.get(top), "__file__", None)  # None for a namespace, which many may own a part of
    if file is None:
        return None
    try:
        beside = Path(str(metadata.distribution(name).locate_file(top))).resolve()
    except metadata.PackageNotFoundError:
        return None
    return name if Path(file).resolve().parent == beside else None


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
