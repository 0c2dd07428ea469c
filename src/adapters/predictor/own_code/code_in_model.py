"""Code in a model: functions and classes whose code is in the model file, as cloudpickle saves those of a notebook."""

import sys
from collections.abc import Iterator
from operator import attrgetter
from types import CodeType, FunctionType

from foreseen.adapters.predictor.object_graph import LEAVES, held_by


def code_in(model: object) -> Iterator[CodeType]:
    """Yield the code of each function, and of each method of a class, that no module provides.

    So is that of functions that they call: the globals, enclosing variables and defaults of a function in a model file
    are in the file as well, whatever decorators are around them.
    """
    seen: dict[int, object] = {}  # keeps the objects, so that no other one gets the same id meanwhile
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if isinstance(part, LEAVES) or id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, FunctionType) and not _is_provided(part):
            yield part.__code__
        waiting.extend(held_by(part))
        waiting.extend(_led_to(part))


def _led_to(part: object) -> Iterator[object]:
    """Yield what runs when a part is called or used, besides its attributes."""
    if isinstance(part, FunctionType):
        if not _is_provided(part):
            yield from _known_to(part)
    elif isinstance(part, staticmethod | classmethod):
        yield part.__func__
    elif isinstance(part, property):
        yield from (part.fget, part.fset, part.fdel)
    elif isinstance(part, type):
        yield type(part)
        yield from part.__mro__
        if not _is_provided(part):
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


def _is_provided(named: type | FunctionType) -> bool:
    try:
        return attrgetter(named.__qualname__)(sys.modules[named.__module__]) is named
    except (AttributeError, KeyError, TypeError):
        return False
