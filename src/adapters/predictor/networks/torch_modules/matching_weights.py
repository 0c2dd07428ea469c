"""Weights in a module: each must be one of the module's, of its shape, and none may be missing."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.torch_modules.checkpoint import Weights
from foreseen.adapters.predictor.networks.torch_modules.module_of_code import Module
from foreseen.adapters.predictor.python_objects.made_model import failures_of_code
from foreseen.domain.model.model_failure import failure_text

_WRAPPERS: Final = ("module.", "_orig_mod.")
"""What DataParallel, DistributedDataParallel and torch.compile write before each name."""


_FAILED: Final = "Error(s) in loading state_dict"
"""How PyTorch's own message begins. Other exceptions are of methods of the module, such as `set_extra_state`."""


def load_weights(module: Module, weights: Weights, code: Path) -> None:
    """Load weights into a module, without the names of wrappers that it was trained in; the weights are changed.

    Args:
        code: the file that defines the module, as messages call it.
    Raises:
        RejectedFileError: weights are missing, unknown or of another shape.
        ModelUnavailableError: the code of the module failed.
    """
    with failures_of_code(code, "a module that its weights can be loaded into"):
        own = module.state_dict()
        _unwrap(weights, own)
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


def _unwrap(weights: Weights, own: Mapping[str, object]) -> None:
    consume = import_module("torch.nn.modules.utils").consume_prefix_in_state_dict_if_present
    while prefix := next((each for each in _WRAPPERS if _all_have(each, weights) and not _all_have(each, own)), None):
        consume(weights, prefix)


def _all_have(prefix: str, weights: Mapping[str, object]) -> bool:
    return bool(weights) and all(name.startswith(prefix) for name in weights)


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
