"""Isolated load: while a model is loaded, its own modules are new ones, whatever the process has imported before."""

import importlib
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import Lock, RLock, get_ident
from types import CodeType, FrameType, ModuleType
from typing import Any, Final
from weakref import WeakSet, finalize

from foreseen.adapters.predictor.own_code.checked_folders import add_to_path
from foreseen.adapters.predictor.own_code.installed_distributions import is_own
from foreseen.adapters.predictor.own_code.main_script import run_script
from foreseen.adapters.predictor.own_code.own_modules import OwnModules, hide
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.garbage_collection import collect_what_is_loaded

PATIENCE_S: Final = 60.0
"""Seconds for which a load waits for another one in this process.

One that hangs must not keep those after it for ever; nor may they go on beside it, where the unpickler could give
either the classes of the other.
"""

_turn = Lock()
_living: dict[OwnModules, "_Finder"] = {}
"""Those whose model is being loaded or in use, with what finds them; the public ones last."""

_withdrawn: WeakSet[OwnModules] = WeakSet()
"""Those whose model is no longer used and which have not been freed yet."""

_unused: deque[OwnModules] = deque()
"""Those whose model is no longer used and which are still to be withdrawn."""

_lists = RLock()
"""For what changes the lists here, `sys.modules` and `sys.meta_path` together."""


@contextmanager
def isolated_load(code: Path | None = None, *, model: Path) -> Iterator[OwnModules]:
    """Execute the user's own modules again for imports on this thread until the block ends.

    Own modules that were imported before are out of sight meanwhile. Afterwards the new ones are what others find in
    `sys.modules`, but for those that were imported without a model; and none of them where the load fails.

    Args:
        code: the script whose classes the model file knows as those of `__main__`.
        model: the model file.
    Raises:
        ModelUnavailableError: the script cannot be read or executed, another user may write to it, or it wrote the
            model file; or another load still runs.
    """
    with ExitStack() as on_exit:
        if not _turn.acquire(timeout=PATIENCE_S):
            raise ModelUnavailableError(
                f"expected the load before this one to end within {PATIENCE_S:g} seconds, but it still runs; load the "
                "model again, or restart where that hangs"
            )
        on_exit.callback(_turn.release)
        _withdraw_unused()
        _import_from(Path.cwd(), *([code.resolve().parent] if code else []))
        with _lists:
            outside = _take_out()
            on_exit.callback(sys.modules.update, outside)
            own = OwnModules(outside)
            finder = _Finder(own)
            _living[own] = finder
            sys.meta_path.insert(0, finder)
        on_exit.callback(finder.leave_the_thread)
        try:
            if code is not None:
                on_exit.callback(sys.modules.__setitem__, "__main__", sys.modules["__main__"])
                sys.modules["__main__"] = run_script(code, own, model)
            yield own
        except BaseException:
            withdraw(own)
            raise


def withdraw_with(own: OwnModules, model: object) -> None:
    """Withdraw own modules some time after a model, or what predicts with it, is no longer used.

    That is noticed on any thread, between any two steps of it: only later, by the next load or when memory is freed,
    can they be withdrawn.
    """
    finalize(model, _unused.append, own).atexit = False


def withdraw(own: OwnModules) -> None:
    """Remove own modules from `sys.modules`, and show those of the newest remaining model there."""
    with _lists:
        hide([own])
        with suppress(ValueError):  # where other code has replaced the list
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
    """Withdraw what is no longer used, and free what withdrawn own modules hold.

    Modules, their functions and classes refer to one another, so that only the garbage collector frees them; and a
    server tells it to leave alone what there is when it starts.
    """
    _withdraw_unused()
    with _lists:
        is_any_left = any(own.modules for own in _withdrawn)
    if is_any_left:
        collect_what_is_loaded()


def _import_from(*folders: Path) -> None:
    """Have modules in folders found, after all others: a file there must not stand for a library of its name."""
    for folder in folders:
        add_to_path(folder)
    importlib.invalidate_caches()  # of what is in each folder, which may have been written a moment ago


def _take_out() -> dict[str, ModuleType]:
    """Remove every own module from `sys.modules`; return those that no model was loaded with."""
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
    """Finds own modules for what else imports them by name: the unpickler, and libraries that own code calls."""

    is_of_own_modules = True

    def __init__(self, own: OwnModules) -> None:
        self.own = own
        self._thread: int | None = get_ident()

    def leave_the_thread(self) -> None:
        """From now on only find what is imported where own code runs."""
        self._thread = None

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return where a module is, an own one with a loader that hands it out; None for most others.

        One that was found on the way is returned, lest it is looked for twice.
        """
        top = name.partition(".")[0]
        if top in self.own.others and name != top:
            return None
        is_known = self.own.is_public and name in self.own.files  # for any importer, such as code in the model file
        if not is_known and not self._is_for_the_model():
            return None
        if (file := self.own.file(name)) is None:
            return self.own.others.get(name)
        if not self.own.is_public:
            raise ImportError(
                f"module {name!r} is imported too late: another model has taken this one's place", name=name
            )
        spec = copy(file.spec)
        spec.loader = _Handing(self.own)
        return spec

    def _is_for_the_model(self) -> bool:
        """Return whether this is an import of the model's: on the thread that loads it, or where its own code runs."""
        if get_ident() == self._thread:
            return True
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the only way to know who imports
        while frame is not None and frame.f_builtins is not self.own.builtins:
            frame = frame.f_back
        return frame is not None


class _Handing(Loader):
    """A loader that hands out an own module, which was executed for it or before."""

    def __init__(self, own: OwnModules) -> None:
        self._own = own
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        module = self._own.module(spec.name)
        self._spec = getattr(module, "__spec__", None)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing but restore the spec of the finder that found the module first."""
        with suppress(AttributeError):  # of an object that a module put in its place
            module.__spec__ = self._spec

    def get_code(self, name: str) -> CodeType | None:
        """Return the code of an own module, which `runpy` executes by itself."""
        file = self._own.file(name)
        return None if file is None else file.code
