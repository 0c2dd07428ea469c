"""Makes a model of what a name means, or of what `load` returns, and says in one line why there is none."""

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.python_objects.bound_names import defined_names, may_define, predicting_class
from foreseen.adapters.predictor.python_objects.function_model import function_model
from foreseen.adapters.predictor.unpickling.import_trouble import import_trouble
from foreseen.adapters.predictor.unpickling.not_a_model import is_of_library, no_model
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text, is_interruption

log = logging.getLogger(__name__)

LOAD: Final = "load"
"""The function of a Python file that returns its model."""

_MAKES_A_MODEL: Final = "; if it returns the model, try: call it load(), and name its file alone, FILE.py"

_SHOWN: Final = 10


def named_model(path: Path, module: ModuleType, name: str, outputs: Sequence[str]) -> object:
    """Return the model that a name in a module means: an instance of a class, a function, or an instance.

    Args:
        path: what messages call it.
        name: its parts are attributes of one another.
        outputs: the methods that will be called.
    Raises:
        ModelUnavailableError: there is no such name, or it is no model.
    """
    found: object = module
    for part in name.split("."):
        found = _attribute(path, found, part)
    if not isinstance(found, type):
        return _checked(path, found, name, outputs)
    if not _has_methods(found, outputs) and "__call__" not in _members(found):
        raise ModelUnavailableError(
            f"{path}: expected a class with a method predict, got {found.__qualname__}, which has {_listed(found)}"
        )
    _require_arguments(path, found, 0, f"a class that is called without arguments, {found.__qualname__}()")
    return _checked(path, _called(path, found, f"{found.__qualname__}()"), name, outputs)


def loaded_model(path: Path, module: ModuleType, outputs: Sequence[str]) -> object:
    """Return the model that a file's function `load` returns; raise ModelUnavailableError if there is none."""
    load = getattr(module, LOAD, None)
    if not callable(load):
        raise _no_load(path, next((name for name, each in vars(module).items() if _is_model_of(module, each)), None))
    _require_arguments(path, load, 0, "a function that is called without arguments, load()")
    found = _called(path, load, "load()")
    if isinstance(found, type):
        raise ModelUnavailableError(
            f"{path}: expected load() to return a model, got the class {found.__qualname__} itself; "
            f"try: return {found.__qualname__}()"
        )
    return _checked(path, found, LOAD, outputs)


def require_definition(path: Path, source: bytes, name: str | None) -> None:
    """Raise ModelUnavailableError if executing a Python file would not define its model.

    Args:
        path: what messages call it.
        source: the content of the file.
        name: of the model in it; None for the function `load`.
    """
    first = (name or LOAD).partition(".")[0]
    if may_define(source, first):
        return
    if name is None:
        raise _no_load(path, predicting_class(source))
    raise _no_name(path, first, "the file", defined_names(source))


def _no_load(path: Path, model: str | None) -> ModelUnavailableError:
    advice = f"name what it is: {path}:{model}" if model else f"write def load(): return model, or name {path}:NAME"
    return ModelUnavailableError(
        f"{path}: expected a function load(), which returns the model, in the file, got none; try: {advice}"
    )


@contextmanager
def failures_of_code(path: Path, what: str) -> Iterator[None]:
    """Raise ModelUnavailableError for whatever the user's code raises, and for attempts to end the program.

    Args:
        what: was expected of the code, as it follows "expected".
    """
    try:
        yield
    except ModelUnavailableError:  # another user may write to a module
        raise
    except BaseException as exc:
        if is_interruption(exc):
            raise
        log.debug("%s", path, exc_info=True)
        message = (
            import_trouble(exc, path) if isinstance(exc, ImportError) else f"expected {what}, got {failure_text(exc)}"
        )
        raise ModelUnavailableError(f"{path}: {message}") from exc


def _attribute(path: Path, owner: object, name: str) -> object:
    with failures_of_code(path, f"the name {name} to be readable"):
        if hasattr(owner, name):
            return getattr(owner, name)
    known = [each for each in _members(owner) if not each.startswith("_")]
    where = f"module {owner.__name__}" if isinstance(owner, ModuleType) else " ".join(repr(owner).split())[:80]
    raise _no_name(path, name, _shown(owner, where), known)


def _no_name(path: Path, name: str, place: str, known: Sequence[str]) -> ModelUnavailableError:
    hint = did_you_mean(name, known) or (f"it has {', '.join(known[:_SHOWN])}" if known else "it has none")
    return ModelUnavailableError(f"{path}: expected the name {name} in {place}, got no such name; {hint}")


def _shown(owner: object, where: str) -> str:
    is_file = isinstance(owner, ModuleType) and owner.__name__.startswith("__foreseen")
    return "the file" if is_file else where


def _called(path: Path, make: Callable[[], object], call: str) -> object:
    with failures_of_code(path, f"{call} to return a model"):
        return make()


def _checked(path: Path, found: object, name: str, outputs: Sequence[str]) -> object:
    """Return an object with `predict`, if need be made of a function; raise ModelUnavailableError if there is none."""
    predict = getattr(found, "predict", None)
    if callable(predict):
        _require_arguments(path, predict, 1, "a method predict that is called with the rows alone")
        return found
    if _has_methods(found, outputs) and not inspect.isroutine(found):  # a function may have them as attributes
        return found
    if not callable(found) or isinstance(found, type) or is_of_library(found, "torch"):
        raise ModelUnavailableError(f"{path}: {no_model(found)}")
    if inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(getattr(found, "__call__", None)):  # noqa: B004
        raise ModelUnavailableError(f"{path}: expected a function that returns its answers, got {name}, which is async")
    _require_arguments(path, found, 1, "a function that is called with the rows alone", instead=_MAKES_A_MODEL)
    return function_model(found)


def _require_arguments(
    path: Path, called: Callable[..., object], count: int, expected: str, *, instead: str = ""
) -> None:
    """Raise ModelUnavailableError if an object cannot be called with so many arguments.

    Args:
        instead: what to do if it is called without any, as the message ends.
    """
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # of a compiled function, which says nothing
        return
    try:
        signature.bind(*[None] * count)
    except TypeError as exc:
        name = getattr(called, "__qualname__", type(called).__qualname__)
        hint = "" if signature.parameters else instead
        raise ModelUnavailableError(f"{path}: expected {expected}, got {name}{signature}: {exc}{hint}") from None


def _has_methods(found: object, outputs: Sequence[str]) -> bool:
    return any(callable(getattr(found, name, None)) for name in ("predict", *outputs))


def _is_model_of(module: ModuleType, found: object) -> bool:
    return getattr(found, "__module__", None) == module.__name__ and callable(getattr(found, "predict", None))


def _members(owner: object) -> list[str]:
    kinds = owner.__mro__[:-1] if isinstance(owner, type) else ()
    return [*dict.fromkeys([*(name for kind in kinds for name in vars(kind)), *getattr(owner, "__dict__", {})])]


def _listed(kind: type) -> str:
    methods = [name for name in _members(kind) if not name.startswith("_") and callable(getattr(kind, name, None))]
    return ", ".join(methods[:_SHOWN]) or "no methods"
