"""The parts of a model: every object that a fitted one is made of."""

from collections.abc import Callable, Iterator
from functools import partial
from logging import Logger
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

LEAVES = (str, bytes, int, float, complex, bool, type(None))
"""What holds nothing."""

_CLOSED = (type, FunctionType, ModuleType, Logger)
"""Parts that are named and not looked into: what they lead to is the whole program, not the model."""


def parts(model: Any, *, is_closed: Callable[[Any], bool] = lambda _: False) -> Iterator[Any]:
    """Go through a model and all it holds, each object once; numbers and strings are left out.

    Followed are attributes, slots, containers and arrays of objects: where fitted estimators keep other estimators.

    Args:
        is_closed: whether a part is passed on, but not what it holds.
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


def held_by(part: Any) -> list[Any]:
    """Return what a part holds: attributes, slots and items."""
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
