"""Isolated load: a model is loaded with newly executed own modules, whatever the process has imported before."""

import importlib
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from copy import copy
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import Lock, RLock, get_ident
from types import CodeType, FrameType, ModuleType
from typing import Final
from weakref import WeakSet, finalize

from foreseen.adapters.predictor.own_code.checked_folders import put_on_path
from foreseen.adapters.predictor.own_code.installed_distributions import is_own
from foreseen.adapters.predictor.own_code.main_script import run_script
from foreseen.adapters.predictor.own_code.own_modules import OwnModules, hide
from foreseen.domain.errors import ModelUnavailableError
from foreseen.process.garbage_collection import collect_what_is_loaded

PATIENCE_S: Final = 60.0
"""Maximum seconds that a load waits for another one in this process.

A load that hangs must not block later ones forever. They must not run beside it either, since the unpickler could give
one of them the classes of the other.
"""

_load_lock = Lock()
_living: dict[OwnModules, "_Finder"] = {}
"""Own modules whose model is being loaded or used, each with its finder; the public ones are last."""

_withdrawn: WeakSet[OwnModules] = WeakSet()
"""Own modules that were withdrawn and are not freed yet."""

_unused: deque[OwnModules] = deque()
"""Own modules whose model is no longer used, and which are not withdrawn yet."""

_lists = RLock()
"""Held while these collections, `sys.modules` and `sys.meta_path` are changed together."""


@contextmanager
def isolated_load(
    code: Path | None = None,
    *,
    model: Path,
    modules: Path | None = None,
    folder: Path | None = None,
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[OwnModules]:
    """Until the block ends, execute the user's own modules again when this thread imports them.

    Own modules that were imported before are hidden meanwhile. Afterwards `sys.modules` contains the new ones, except
    where a module was imported without a model; if the load fails, it contains none of them.

    Args:
        code: the script whose classes the model file refers to as those of `__main__`.
        model: the model file.
        modules: a folder of modules that came with this model; other models do not find them.
        folder: one in which modules are found as well, after all others.
        within: returns what is entered before any of the user's code runs, and left when the block ends; never by two
            loads at once.
    Raises:
        ModelUnavailableError: the script cannot be read or executed, another user may write to it, or it wrote the
            model file; or another load still runs.
    """
    with ExitStack() as on_exit:
        if not _load_lock.acquire(timeout=PATIENCE_S):
            raise ModelUnavailableError(
                f"expected the load before this one to end within {PATIENCE_S:g} seconds, but it still runs; load the "
                "model again, or restart if it hangs"
            )
        on_exit.callback(_load_lock.release)
        _withdraw_unused()
        _import_from(Path.cwd(), *([code.resolve().parent] if code else []), *([folder] if folder else []))
        with _lists:
            outside = _remove_own()
            on_exit.callback(sys.modules.update, outside)
            own = OwnModules(outside, modules)
            finder = _Finder(own)
            _living[own] = finder
            sys.meta_path.insert(0, finder)
        on_exit.callback(finder.leave_the_thread)
        try:
            on_exit.enter_context(within())
            if code is not None:
                on_exit.callback(sys.modules.__setitem__, "__main__", sys.modules["__main__"])
                sys.modules["__main__"] = run_script(code, own, model)
            yield own
        except BaseException:
            withdraw(own)
            raise


def withdraw_with(own: OwnModules, model: object) -> None:
    """Withdraw own modules some time after a model, or the predictor around it, is no longer used.

    Python reports this on any thread, between any two of its steps. So they are withdrawn later: by the next load, or
    by `free_withdrawn`.
    """
    finalize(model, _unused.append, own).atexit = False


def withdraw(own: OwnModules) -> None:
    """Remove own modules from `sys.modules`, and put those of the newest remaining model there."""
    with _lists:
        hide([own])
        with suppress(ValueError):  # other code may have replaced the list
            sys.meta_path.remove(_living.pop(own))
        _withdrawn.add(own)
        newest = next(reversed(_living), None)
        if newest is not None and not newest.is_public:
            newest.show()


def _withdraw_unused() -> None:
    with _lists:
        while _unused:
            withdraw(_unused.popleft())


def free_withdrawn() -> None:
    """Withdraw own modules that are no longer used, and free the memory of those withdrawn.

    Modules, their functions and classes refer to one another, so only the garbage collector frees them, and a server
    excludes from it what exists when it starts.
    """
    _withdraw_unused()
    with _lists:
        is_any_left = any(own.modules for own in _withdrawn)
    if is_any_left:
        collect_what_is_loaded()


def _import_from(*folders: Path) -> None:
    """Append folders to the import path: a file there must not replace a library of the same name."""
    put_on_path(folders)
    importlib.invalidate_caches()  # a file may have been written a moment ago


def _remove_own() -> dict[str, ModuleType]:
    """Remove every own module from `sys.modules`; return those that were imported without a model."""
    hide(_living)
    imported = dict(sys.modules)
    tops = {name.partition(".")[0] for name in imported} - {"__main__"}
    ours = {top for top in tops if _is_own(imported.get(top))}
    outside = {name: each for name, each in imported.items() if name.partition(".")[0] in ours and _is_own(each)}
    for name in outside:
        del sys.modules[name]
    return outside


def _is_own(module: ModuleType | None) -> bool:
    spec = getattr(module, "__spec__", None)
    return isinstance(spec, ModuleSpec) and is_own(spec)


class _Finder:
    """Finds own modules for other importers than own code: the unpickler, and libraries that own code calls."""

    is_of_own_modules = True

    def __init__(self, own: OwnModules) -> None:
        self.own = own
        self._thread: int | None = get_ident()

    def leave_the_thread(self) -> None:
        """Find modules only for imports below running own code from now on, whatever the thread."""
        self._thread = None

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return the spec of a module: an own one has a loader that returns this load's module. None for most others.

        The spec of another one is returned if the search has found it, so that Python does not search again.
        """
        top = name.partition(".")[0]
        if top in self.own.others and name != top:
            return None
        is_known = self.own.is_public and name in self.own.files  # to any importer, such as code in the model file
        if not is_known and not self._is_for_the_model():
            return None
        if (file := self.own.file(name)) is None:
            return self.own.others.get(name)
        if not self.own.is_public:
            raise ImportError(f"module {name!r} is imported too late: another model has replaced this one", name=name)
        spec = copy(file.spec)
        spec.loader = _OwnLoader(self.own)
        return spec

    def _is_for_the_model(self) -> bool:
        """Return whether this is an import of the model's: on the thread that loads it, or where its own code runs."""
        if get_ident() == self._thread:
            return True
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the only way to know who imports
        while frame is not None and frame.f_builtins is not self.own.builtins:
            frame = frame.f_back
        return frame is not None


class _OwnLoader(Loader):
    """A loader that returns an own module, which is executed unless it was before."""

    def __init__(self, own: OwnModules) -> None:
        self._own = own
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        module = self._own.module(spec.name)
        self._spec = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the spec of the finder that found the module first; the module is executed already."""
        with suppress(AttributeError):  # a module may have put another object in its place
            module.__spec__ = self._spec

    def get_code(self, name: str) -> CodeType | None:
        """Return the code of an own module, for `runpy`, which executes it itself; None if it has none."""
        file = self._own.file(name)
        return None if file is None else file.code
