"""Imports in code: the modules that a piece of code may import, also in branches that have not run."""

from collections.abc import Iterator
from importlib.util import resolve_name
from modulefinder import ModuleFinder
from types import CodeType
from typing import Final

ALL_OF: Final = ".*"
"""Suffix of a name that means every module directly in a package."""

_COMPUTED: Final = frozenset({"import_module", "__import__", "__getattr__"})
"""Functions that import a module by a text, which may be computed; a package's `__getattr__` may do so as well."""

_scan = ModuleFinder(path=[]).scan_opcodes


def imports_in(code: CodeType, package: str) -> Iterator[str]:
    """Yield the full names of the modules that code may import, including in its functions and classes.

    A name that is imported from a module is yielded below that module, since it may be a module as well. Where a name
    may be computed, all modules of the code's package, and of every package that a text in the code names, are yielded.

    Args:
        package: the package that relative imports start from; empty if there is none.
    """
    for kind, found in _scan(code):
        if kind == "absolute_import":
            names, module = found
        elif kind == "relative_import":
            level, names, module = found
            module = _resolved("." * level + module, package)
        else:
            continue
        yield from (name for name in (module, *(f"{module}.{name}" for name in names or () if name != "*")) if module)
    if not _COMPUTED.isdisjoint(code.co_names):
        yield from _computed(code, package)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from imports_in(constant, package)


def _computed(code: CodeType, package: str) -> Iterator[str]:
    if package:
        yield package + ALL_OF
    for constant in code.co_consts:
        if isinstance(constant, str) and all(part.isidentifier() for part in constant.strip(".").split(".")):
            name = _resolved(constant.rstrip("."), package)
            around = name.rpartition(".")[0]
            yield from (each for each in (name, name and name + ALL_OF, around and around + ALL_OF) if each)


def _resolved(name: str, package: str) -> str:
    """Return the full name for a relative one; empty if it leads out of the top-level package."""
    try:
        return resolve_name(name, package or None)
    except ImportError:
        return ""
