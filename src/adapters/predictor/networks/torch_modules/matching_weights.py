"""Weights in a module: each must be one of the module's, of its shape, and none may be missing."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.torch_modules.checkpoint import Weights
from foreseen.adapters.predictor.networks.torch_modules.module_of_code import Module
from foreseen.adapters.predictor.python_objects.made_model import failures_of_code
from foreseen.domain.model.model_failure import failure_text

_PARALLEL: Final = "module"
"""What DataParallel and DistributedDataParallel write before each name."""

_COMPILED: Final = "_orig_mod"
"""What torch.compile writes before each name in the module that it compiles, which may be within another."""
_VERSIONS: Final = "_metadata"
"""The attribute of a state_dict that has the versions of its modules, by their names."""

_FAILED: Final = "Error(s) in loading state_dict"
"""How PyTorch's own message begins. Other exceptions are of methods of the module, such as `set_extra_state`."""


def load_weights(module: Module, weights: Weights, code: Path) -> None:
    """Load weights into a module, without the names of wrappers that it was trained in.

    Args:
        code: the file that defines the module, as messages call it.
    Raises:
        RejectedFileError: weights are missing, unknown or of another shape.
        ModelUnavailableError: the code of the module failed.
    """
    with failures_of_code(code, "a module that its weights can be loaded into"):
        own = module.state_dict()
        weights = _unwrapped(weights, own)
        mismatch = _mismatch(module, weights, own)
    if mismatch:
        raise RejectedFileError(f"expected the weights of {type(module).__qualname__}, got {mismatch}")


def _mismatch(module: Module, weights: Weights, own: Mapping[str, object]) -> str:
    """Load weights into a module; return what does not fit, empty if everything does."""
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as exc:
        found = "; ".join(_differences(own, weights))
        if not found and not str(exc).startswith(_FAILED):
            raise
        return found or failure_text(exc)
    return ""


def _unwrapped(weights: Weights, own: Mapping[str, object]) -> Weights:
    """Return weights under the names that they have outside of wrappers.

    The module may be an attribute of the one that was trained, such as `model` of a LightningModule: the first part of
    the names is left out where they are those of the module's weights then.
    """
    found = weights
    if not any(_COMPILED in name.split(".") for name in own):
        found = _renamed(found, lambda parts: [part for part in parts if part != _COMPILED])
    while _first_part(found) == _PARALLEL != _first_part(own):
        found = _renamed(found, lambda parts: parts[1:])
    if _first_part(found) is not None:
        inner = _renamed(found, lambda parts: parts[1:])
        if inner.keys() == own.keys():
            return inner
    return found


def _renamed(weights: Weights, change: Callable[[list[str]], list[str]]) -> Weights:
    """Return weights under changed names, given in their parts; with the versions of modules, where they have them."""
    renamed: Weights = OrderedDict((".".join(change(name.split("."))), value) for name, value in weights.items())
    if len(renamed) < len(weights):  # two would have one name
        return weights
    versions = getattr(weights, _VERSIONS, None)
    if isinstance(versions, Mapping):
        inner = {".".join(change(str(name).split("."))): version for name, version in versions.items()}
        setattr(renamed, _VERSIONS, inner)
    return renamed


def _first_part(names: Iterable[str]) -> str | None:
    """Return the first part that all names have in common, before another; None if there is none."""
    firsts = {name.partition(".")[0] if "." in name else None for name in names}
    return firsts.pop() if len(firsts) == 1 else None


def _differences(own: Mapping[str, object], weights: Mapping[str, object]) -> list[str]:
    """Return what differs, in up to three parts: how many weights, and the first of them."""
    missing = [f"{name!r}{_shape(own[name])}" for name in own if name not in weights]
    unknown = [f"{name!r}{_shape(weights[name])}" for name in weights if name not in own]
    shapes = [(name, _shape(weights[name]), _shape(own[name])) for name in own if name in weights]
    others = [
        f"{name!r}{got} instead of{needed.removeprefix(' of shape')}" for name, got, needed in shapes if got != needed
    ]
    found = (("missing", missing), ("unexpected", unknown), ("of another shape", others))
    return [f"{len(names)} {what}: {_first(names)}" for what, names in found if names]


def _first(names: Sequence[str]) -> str:
    return f"{names[0]}, …" if len(names) > 1 else names[0]


def _shape(tensor: object) -> str:
    """Return the shape of a tensor, as it follows a name; empty for what has none, or none until it is used first."""
    try:
        return f" of shape {tuple(tensor.shape)}" if hasattr(tensor, "shape") else ""
    except RuntimeError:
        return ""
