"""Whether a model's own code uses polars, and so may have been fitted on a frame of it."""

import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType

from foreseen.adapters.predictor.object_graph import parts


def uses_polars(model: object) -> bool:
    """Return whether polars, or something of it, is among the names that the code of a part of the model refers to.

    Which other libraries this process has imported changes nothing.
    """
    return "polars" in sys.modules and any(_is_of_polars(value) for names in _names(model) for value in names.values())


def _names(model: object) -> Iterator[dict[str, object]]:
    """Yield the global names of each function in a model, and of each module that defines a class of a part."""
    seen: set[int] = set()
    for part in parts(model):
        module = sys.modules.get(type(part).__module__)
        names = part.__globals__ if isinstance(part, FunctionType) else getattr(module, "__dict__", {})
        if id(names) not in seen:
            seen.add(id(names))
            yield dict(names)


def _is_of_polars(value: object) -> bool:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] == "polars"
