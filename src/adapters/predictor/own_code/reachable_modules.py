"""Reachable modules: what own code may import, also in functions that have not been called."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pkgutil import iter_modules
from types import CodeType

from foreseen.adapters.predictor.own_code.imports_in_code import ALL_OF, imports_in
from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.domain.errors import ModelUnavailableError


def find_reachable(own: OwnModules, roots: Iterable[CodeType]) -> None:
    """Find the files of all modules that own modules, or code that came with the model file, may import.

    They are read, not executed. So it does not matter which branches the trial calls took, how many there were, or how
    busy the machine was.

    Raises:
        ModelUnavailableError: another user may write to one, or it cannot be read.
    """
    names = {name for root in roots for name in imports_in(root, "")}
    followed: set[str] = set()
    while names or followed != own.files.keys():
        for name in names:
            for each in _meant_by(name, own):
                _find(each, own)
        new = own.files.keys() - followed
        names = {name for module in new for name in _imported_by(own.files[module])}
        followed |= new


def _find(name: str, own: OwnModules) -> None:
    try:
        list(own.on_the_way_to(name))
    except OSError as exc:
        raise ModelUnavailableError(
            f"{exc.filename or name}: expected a readable module, which the model may import: {exc.strerror or exc}"
        ) from exc


def _meant_by(name: str, own: OwnModules) -> Iterator[str]:
    if not name.endswith(ALL_OF):
        yield name
    elif (file := own.file(package := name.removesuffix(ALL_OF))) and file.is_package:
        yield from (f"{package}.{module.name}" for module in iter_modules(file.spec.submodule_search_locations))


def _imported_by(file: ModuleFile) -> set[str]:
    # It may never be executed: a zero byte in a source is a ValueError, another Python's byte code raises the rest.
    with suppress(SyntaxError, ValueError, ImportError, EOFError, TypeError):
        if file.code is not None:
            return set(imports_in(file.code, file.spec.parent or ""))
    return set()
