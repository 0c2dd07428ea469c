"""Code in a file: functions and classes that cloudpickle or dill saved are created for one load alone.

cloudpickle itself gives functions the builtins of the process, and puts the new code into a class that it read before,
so that an old model would go on with the new code. dill gives them the builtins of the process as well.
"""

from collections.abc import Callable
from types import FunctionType


def scoped_maker(module: str, name: str, found: object, builtins: dict[str, object]) -> object:
    """Return a scoped replacement of a function by which cloudpickle or dill creates code; any other object unchanged.

    Args:
        module, name: where the model file refers to it.
        found: the object there.
        builtins: those of the load's own modules, whose import statement is scoped.
    """
    if module.endswith("cloudpickle.cloudpickle"):
        wrap = _WRAPPERS.get(name)
    else:
        wrap = _dill_function_maker if module in _DILL and name == "_create_function" else None
    return found if wrap is None else wrap(found, builtins)


def _function_maker(make: Callable[..., FunctionType], builtins: dict[str, object]) -> Callable[..., FunctionType]:
    """Return `make` with these builtins, which Python takes from the globals when a function is created."""

    def made(*arguments: object) -> FunctionType:
        function = make(*arguments)
        known = function.__globals__
        known["__builtins__"] = builtins
        return FunctionType(function.__code__, known, function.__name__, function.__defaults__, function.__closure__)

    return made


def _function_filler(fill: Callable[..., None], builtins: dict[str, object]) -> Callable[..., None]:
    """Return `fill` with these builtins, which the function passes on to those that it defines."""

    def filled(function: FunctionType, state: object) -> None:
        fill(function, state)
        function.__globals__["__builtins__"] = builtins

    return filled


def _class_maker(make: Callable[..., type], _: dict[str, object]) -> Callable[..., type]:
    """Return `make` without the class's id, by which cloudpickle finds one that was created before."""

    def made(*arguments: object) -> type:
        *before, _, extra = arguments
        return make(*before, None, extra)

    return made


def _dill_function_maker(make: Callable[..., FunctionType], builtins: dict[str, object]) -> Callable[..., FunctionType]:
    """Return `make` with these builtins, unless the function has the globals of a module, with their own."""

    def made(code: object, known: dict[str, object] | None, *more: object) -> FunctionType:
        namespace = {} if known is None else known
        namespace.setdefault("__builtins__", builtins)
        return make(code, namespace, *more)

    return made


_DILL = ("dill._dill", "dill.dill")
_WRAPPERS: dict[str, Callable[..., object]] = {
    "_make_function": _function_maker,
    "_function_setstate": _function_filler,
    "_make_skeleton_class": _class_maker,
    "_make_skeleton_enum": _class_maker,
}
