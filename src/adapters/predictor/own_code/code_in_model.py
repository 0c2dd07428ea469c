"""Code in a model: functions and classes whose code is in the model file, as cloudpickle saves those of a notebook."""

import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from types import CodeType, FunctionType, ModuleType
from typing import TypeAlias

from foreseen.adapters.predictor.object_graph import LEAVES, held_by

Named: TypeAlias = type | FunctionType | ModuleType


def code_in(model: object) -> Iterator[CodeType]:
    """Yield the code of each function, and of each method of a class, that no module provides.

    So is that of functions that they call: the globals, enclosing variables and defaults of a function in a model file
    are in the file as well, whatever decorators are around them.
    """
    for part in reached_from(model, follows=lambda named: not _is_provided(named)):
        if isinstance(part, FunctionType) and not _is_provided(part):
            yield part.__code__


def reached_from(model: object, *, follows: Callable[[Named], bool]) -> Iterator[object]:
    """Yield a model and everything that it contains or that its code refers to, each once.

    Args:
        follows: whether what a function, class or module refers to is part of it; its name alone is otherwise.
    """
    seen: dict[int, object] = {}  # keeps the objects, so that no other one gets the same id meanwhile
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if isinstance(part, LEAVES) or id(part) in seen:
            continue
        seen[id(part)] = part
        yield part
        waiting.extend(held_by(part))
        waiting.extend(_led_to(part, follows))


def _led_to(part: object, follows: Callable[[Named], bool]) -> Iterator[object]:
    """Yield what runs when a part is called or used, besides its attributes."""
    if isinstance(part, FunctionType):
        if follows(part):
            yield from _known_to(part)
    elif isinstance(part, ModuleType):
        if follows(part):
            yield from (value for name, value in vars(part).items() if not name.startswith("__"))
    elif isinstance(part, staticmethod | classmethod):
        yield part.__func__
    elif isinstance(part, property):
        yield from (part.fget, part.fset, part.fdel)
    elif isinstance(part, type):
        yield type(part)
        yield from part.__mro__
        if follows(part):
            yield from vars(part).values()
    else:
        yield type(part)


def _known_to(function: FunctionType) -> Iterator[object]:
    """Yield what a function refers to: globals, enclosing variables, defaults and its own attributes."""
    yield from (function.__globals__.get(name) for name in _names_in(function.__code__))
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # the cell is still empty
            continue
    yield (function.__defaults__, function.__kwdefaults__, vars(function))


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _is_provided(named: Named) -> bool:
    if isinstance(named, ModuleType):
        return True
    try:
        return attrgetter(named.__qualname__)(sys.modules[named.__module__]) is named
    except (AttributeError, KeyError, TypeError):
        return False
