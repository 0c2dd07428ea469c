"""The module that a Python file defines: what its function `build` returns, or its only class without arguments."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, cast

from foreseen.adapters.predictor.python_objects.made_model import failures_of_code
from foreseen.domain.errors import ModelUnavailableError

BUILD: Final = "build"
"""The function of a Python file that returns its module, before the weights are loaded into it."""


class Module(Protocol):
    """What is used of `torch.nn.Module`."""

    def forward(self, *tensors: object) -> object:
        """Compute."""

    def __call__(self, *tensors: object) -> object:
        """Compute, with the hooks of the module."""

    def cpu(self) -> object:
        """Move the weights to the CPU."""

    def eval(self) -> object:
        """Prepare for predicting."""

    def state_dict(self) -> Mapping[str, object]:
        """Return the weights."""

    def load_state_dict(self, weights: Mapping[str, object], *, strict: bool) -> object:
        """Replace the weights."""


def module_of_code(torch: ModuleType, code: Path, script: ModuleType) -> Module:
    """Make the module of a file; raise ModelUnavailableError if there is none, or if its code fails.

    Args:
        code: the file, as messages call it.
        script: the file as it was executed.
    """
    make, call = _maker(torch, code, script)
    with failures_of_code(code, f"{call} to return a module"):
        found = make()
    if isinstance(found, torch.nn.Module):
        return cast("Module", found)  # as was checked, by the class of an untyped library
    kind = f"an object of class {type(found).__qualname__}"
    got = f"the class {found.__qualname__} itself" if isinstance(found, type) else kind
    raise ModelUnavailableError(f"{code}: expected {call} to return a torch.nn.Module, got {got}")


def least_arguments(module: Module) -> int:
    """Return how many tensors a module must be called with.

    Raises:
        TypeError: its `forward` is no function.
        ValueError: `forward` is compiled, and does not say what it takes.
    """
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return sum(each.kind in by_place and each.default is inspect.Parameter.empty for each in parameters)


def _maker(torch: ModuleType, code: Path, script: ModuleType) -> tuple[Callable[[], object], str]:
    """Return what makes the module, and how messages write its call."""
    build = getattr(script, BUILD, None)
    if build is not None:
        if not callable(build) or not _needs_nothing(build):
            got = (
                f"{BUILD}{_parameters(build)}" if callable(build) else f"an object of class {type(build).__qualname__}"
            )
            raise ModelUnavailableError(
                f"{code}: expected a function that is called without arguments, {BUILD}(), got {got}"
            )
        return build, f"{BUILD}()"
    kinds = [each for each in dict.fromkeys(_classes(script)) if issubclass(each, torch.nn.Module)]
    usable = [kind for kind in kinds if _needs_nothing(kind)]
    if len(usable) != 1:
        raise ModelUnavailableError(
            f"{code}: expected a function {BUILD}() that returns the module of the weights, or one class of "
            f"torch.nn.Module that is called without arguments, got {_several(usable) or _unusable(kinds)}"
        )
    return usable[0], f"{usable[0].__qualname__}()"


def _classes(script: ModuleType) -> list[type]:
    """Return the classes that a file defines itself, rather than imports."""
    return [each for each in vars(script).values() if isinstance(each, type) and each.__module__ == script.__name__]


def _several(kinds: list[type]) -> str:
    names = [kind.__qualname__ for kind in kinds]
    return f"{', '.join(names)}; try: def {BUILD}(): return {names[-1]}()" if names else ""


def _unusable(kinds: list[type]) -> str:
    if not kinds:
        return "neither"
    calls = [f"{kind.__qualname__}{_parameters(kind)}" for kind in kinds]
    return f"{', '.join(calls)}; try: def {BUILD}(): return {kinds[-1].__qualname__}(...)"


def _needs_nothing(called: Callable[..., object]) -> bool:
    try:
        inspect.signature(called).bind()
    except TypeError:
        return False
    except ValueError:  # of a compiled function, which says nothing
        return True
    return True


def _parameters(called: Callable[..., object]) -> str:
    """Return the names of the parameters of a call, in brackets."""
    return f"({', '.join(inspect.signature(called).parameters)})"
