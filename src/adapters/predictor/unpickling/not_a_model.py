"""What an object is that cannot predict, and what to save instead."""

import sys
from collections.abc import Iterable, Mapping
from inspect import isroutine
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.formats.model_format import WRAP

_SHOWN: Final = 5
_LONGEST_KEY: Final = 40


def no_model(found: object) -> str:
    """Return the message about an object that has no predict, in one line."""
    what, advice = _described(found)
    return f"expected a model, an object with a predict method, got {what}; try: {advice}"


def _described(found: object) -> tuple[str, str]:
    if found is None:
        return "None", WRAP
    if isinstance(found, type):
        return f"the class {found.__qualname__} itself", "save an instance of it"
    if isinstance(found, ModuleType):
        return f"the module {found.__name__}", "name a class or a function in it: MODULE:NAME"
    if isinstance(found, Mapping):
        return f"{_kind(found)} with {_items(found.items())}", _of_parts(found.values())
    if isinstance(found, list | tuple | set | frozenset):
        return f"{_kind(found)} of {_parts(found)}", _of_parts(found)
    if isroutine(found):
        return f"the function {getattr(found, '__qualname__', found)}", WRAP
    if is_of_library(found, "torch"):
        return f"{_kind(found)}, of PyTorch", WRAP
    if is_of_library(found, "numpy", "pandas", "polars", "scipy") and hasattr(found, "shape"):
        return f"data, {_kind(found)} of shape {tuple(found.shape)}", "save the model that was trained on it"
    if callable(getattr(found, "fit_predict", None)):
        return f"{_kind(found)}, which labels only the rows that it is fitted on", "save a model with predict"
    if callable(getattr(found, "transform", None)):
        pipeline = "save a Pipeline that ends in a model, or the model that it is made for"
        return (
            f"{_kind(found)}, which has transform but no predict",
            f"{pipeline}, or serve what it returns by --outputs transform",
        )
    return _kind(found), WRAP


def _of_parts(parts: Iterable[object]) -> str:
    held = list(parts)
    if any(is_of_library(part, "torch") for part in held):
        return WRAP
    if any(callable(getattr(part, "transform", None)) for part in held):
        return "save one object, a Pipeline of what belongs together: make_pipeline(scaler, model)"
    return "save one object that does all of it, of a class of your own with predict (docs/models.md)"


def _items(items: Iterable[tuple[object, object]]) -> str:
    return _few([f"{' '.join(repr(key).split())[:_LONGEST_KEY]} ({_kind(value)})" for key, value in items])


def _parts(parts: Iterable[object]) -> str:
    return _few([_kind(part) for part in parts])


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) or "nothing") + more


def _kind(found: object) -> str:
    return type(found).__qualname__


def is_of_library(found: object, *libraries: str) -> bool:
    """Return whether an object's class, or a base of it, comes from one of these libraries."""
    tops = {kind.__module__.partition(".")[0] for kind in type(found).__mro__}
    return any(library in tops and library in sys.modules for library in libraries)
