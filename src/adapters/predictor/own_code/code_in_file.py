"""Code in a file: functions and classes that cloudpickle saved are made for the load that reads them, and no other.

cloudpickle itself gives functions the builtins of every module, and fills a class that was read before with the new
code, so that an old model would go on with that.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any


def made_apart(module: str, name: str, found: Any, builtins: dict[str, Any]) -> Any:
    """Return what a file calls to make its code, in the way of cloudpickle's but apart; anything else as it is.

    Args:
        found: what the module calls so.
        builtins: those of own modules, which import what belongs to this load.
    """
    if not module.endswith("cloudpickle.cloudpickle"):
        return found
    wrap = _WRAPPERS.get(name)
    return found if wrap is None else wrap(found, builtins)


def _function_maker(make: Callable[..., FunctionType], builtins: dict[str, Any]) -> Callable[..., FunctionType]:
    """Return what makes a function with these builtins, which Python takes from its globals when it is made."""

    def made(*arguments: Any) -> FunctionType:
        function = make(*arguments)
        known = function.__globals__
        known["__builtins__"] = builtins
        return FunctionType(function.__code__, known, function.__name__, function.__defaults__, function.__closure__)

    return made


def _function_filler(fill: Callable[..., None], builtins: dict[str, Any]) -> Callable[..., None]:
    """Return what fills a function, and leaves these builtins to those that it makes itself."""

    def filled(function: FunctionType, state: Any) -> None:
        fill(function, state)
        function.__globals__["__builtins__"] = builtins

    return filled


def _class_maker(make: Callable[..., type], _: dict[str, Any]) -> Callable[..., type]:
    """Return what makes a class without its number, by which cloudpickle finds one that was made before."""

    def made(*arguments: Any) -> type:
        *before, _, extra = arguments
        return make(*before, None, extra)

    return made


_WRAPPERS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "_make_function": _function_maker,
    "_function_setstate": _function_filler,
    "_make_skeleton_class": _class_maker,
    "_make_skeleton_enum": _class_maker,
}
