"""Code in a model: functions and classes that its file holds themselves, as cloudpickle saves those of a notebook."""

import sys
from collections.abc import Iterable, Iterator
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any

from foreseen.adapters.predictor.loading.object_graph import parts


def code_in(model: Any) -> Iterator[CodeType]:
    """Yield the code of each function, and each method of a class, that no module provides.

    Also of those that they call: what a function in a model file knows by name is in the file, too.
    """
    seen: set[int] = set()
    waiting = list(_functions(parts(model)))
    while waiting:
        function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        yield function.__code__
        waiting.extend(_functions(function.__globals__.get(name) for name in _names_in(function.__code__)))


def _functions(values: Iterable[Any]) -> Iterator[FunctionType]:
    kinds: set[type] = set()
    for value in values:
        if isinstance(value, FunctionType):
            if not _is_provided(value):
                yield value
        else:
            kinds.update((value if isinstance(value, type) else type(value)).__mro__)
    for kind in kinds:
        if not _is_provided(kind):
            yield from (each for each in vars(kind).values() if isinstance(each, FunctionType))


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _is_provided(named: Any) -> bool:
    try:
        return attrgetter(named.__qualname__)(sys.modules[named.__module__]) is named
    except (AttributeError, KeyError):
        return False
