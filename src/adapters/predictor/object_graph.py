"""The parts of a model: every object that a fitted one is made of."""

from collections.abc import Callable, Iterator
from functools import partial
from logging import Logger
from types import FunctionType, MethodType, ModuleType

import numpy as np

LEAVES = (str, bytes, int, float, complex, bool, type(None))
"""Types without parts."""

_CLOSED = (type, FunctionType, ModuleType, Logger)
"""Types whose objects are yielded but not searched: they lead to the whole program, not to the model."""


def parts(model: object, *, is_closed: Callable[[object], bool] = lambda _: False) -> Iterator[object]:
    """Yield a model and everything that it contains, each object once, without numbers and strings.

    Attributes, slots, containers and arrays of objects are followed: there fitted estimators keep other estimators.

    Args:
        is_closed: whether a part is yielded without what it contains.
    """
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if isinstance(part, LEAVES) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if not is_closed(part):
            waiting.extend(held_by(part))


def held_by(part: object) -> list[object]:
    """Return the attributes, slots and items of a part; none of a class, function, module or logger."""
    if isinstance(part, dict):
        return [*part.keys(), *part.values()]
    if isinstance(part, list | tuple | set | frozenset):
        return list(part)
    if isinstance(part, np.ndarray):
        return list(part.ravel()) if part.dtype == object else []
    if isinstance(part, _CLOSED):
        return []
    if isinstance(part, partial):
        return [part.func, *part.args, *part.keywords.values()]
    if isinstance(part, MethodType):
        return [part.__func__, part.__self__]
    slots = [getattr(part, name) for name in _slots(type(part)) if hasattr(part, name)]
    return [*getattr(part, "__dict__", {}).values(), *slots]


def _slots(kind: type) -> list[str]:
    named = (base.__dict__.get("__slots__", ()) for base in kind.__mro__)
    return [
        name for slots in named for name in ([slots] if isinstance(slots, str) else slots) if not name.startswith("__")
    ]
