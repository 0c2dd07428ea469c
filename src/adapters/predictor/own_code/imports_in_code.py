"""Imports in code: the modules that a piece of code imports wherever that is written, whether it was reached or not."""

from collections.abc import Iterator
from importlib.util import resolve_name
from modulefinder import ModuleFinder
from types import CodeType
from typing import Final

ALL_OF: Final = ".*"
"""Suffix of a name that means every module directly in a package."""

_COMPUTED: Final = frozenset({"import_module", "__import__", "__getattr__"})
"""What imports a module whose name is a text, perhaps one that is put together; a package's `__getattr__` may."""

_scan = ModuleFinder(path=[]).scan_opcodes


def imports_in(code: CodeType, package: str) -> Iterator[str]:
    """Yield the full names of what a module imports, functions and classes in it included.

    A name that is imported from a module is yielded below that module, since it may be a module as well. Where a name
    may be computed, all of the package around the code and of every package that a text there names is yielded.

    Args:
        package: the one that relative imports start from, empty for none.
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
    """Return the full name of a relative one, nothing where it leads out of all packages."""
    try:
        return resolve_name(name, package or None)
    except ImportError:
        return ""
