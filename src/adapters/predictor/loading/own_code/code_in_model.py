"""Code in a model: functions and classes that its file holds themselves, as cloudpickle saves those of a notebook."""

import sys
from collections.abc import Iterator
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any

from foreseen.adapters.predictor.loading.object_graph import parts


def code_in(model: Any) -> Iterator[CodeType]:
    """Yield the code of each function, and each method of a class, that no module provides."""
    kinds: set[type] = set()
    for part in parts(model):
        if isinstance(part, FunctionType):
            if not _is_provided(part):
                yield part.__code__
        else:
            kinds.update((part if isinstance(part, type) else type(part)).__mro__)
    for kind in kinds:
        if not _is_provided(kind):
            yield from (each.__code__ for each in vars(kind).values() if isinstance(each, FunctionType))


def _is_provided(named: Any) -> bool:
    try:
        return attrgetter(named.__qualname__)(sys.modules[named.__module__]) is named
    except (AttributeError, KeyError):
        return False
