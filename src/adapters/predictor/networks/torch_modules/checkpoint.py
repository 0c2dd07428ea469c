"""The weights in a file that torch.save wrote: a state_dict, alone or in a checkpoint of training."""

import re
from collections.abc import Mapping, MutableMapping
from pickle import UnpicklingError
from types import ModuleType
from typing import BinaryIO, Final, TypeAlias, TypeGuard

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.required_version import require_version
from foreseen.adapters.predictor.networks.torch_modules.checkpoint_archive import copied_checkpoint

Weights: TypeAlias = MutableMapping[str, object]
"""Tensors by their names; other objects only where a module stores some itself, as `_extra_state`."""

_IN_CHECKPOINTS: Final = ("state_dict", "model_state_dict")
"""Where a checkpoint has a state_dict by convention, whatever other tensors are in it."""

_EXTRA: Final = "_extra_state"
_SAVE: Final = "try: torch.save(model.state_dict(), 'weights.pt')"
_SHOWN: Final = 5
_LOWEST: Final = (2, 10)
"""Before it, weights could make `torch.load` write outside of its memory, also with `weights_only`: CVE-2026-24747."""


def read_weights(torch: ModuleType, file: BinaryIO) -> Weights:
    """Return the only state_dict in a file, on the CPU. No code of the file runs.

    Raises:
        RejectedFileError: it has anything but tensors, numbers, texts and containers of them, or no state_dict or two.
        Exception: it is damaged.
    """
    require_version("torch", _LOWEST, "whose loading of weights is safe")
    content = copied_checkpoint(file)
    try:
        found = torch.load(content, map_location="cpu", weights_only=True)
    except UnpicklingError as exc:
        raise RejectedFileError(f"expected a state_dict, got {_rejected_by_pytorch(str(exc))}; {_SAVE}") from exc
    return _only_weights(torch, found)


def _rejected_by_pytorch(message: str) -> str:
    if named := re.search(r"GLOBAL ([\w.]+)", message):
        return f"a pickled object that needs {named[1][:80]}, which is not read"
    *_, detail = message.partition("WeightsUnpickler error: ")
    return f"a pickle of something else ({(detail or message).strip().splitlines()[0][:80]})"


def _only_weights(torch: ModuleType, found: object) -> Weights:
    if _is_weights(found, torch):
        return found
    if isinstance(found, Mapping):
        named = [name for name in _IN_CHECKPOINTS if name in found]
        named = named or [
            key for key, part in found.items() if isinstance(key, str) and _is_weights(part, torch) and part
        ]
        if len(named) > 1:
            raise RejectedFileError(
                f"expected one state_dict in the checkpoint, got {' and '.join(name[:40] for name in named[:_SHOWN])}; "
                f"try: torch.save(checkpoint[{named[0][:40]!r}], 'weights.pt')"
            )
        weights: object = found.get(named[0]) if named else None
        if _is_weights(weights, torch):
            return weights
    raise RejectedFileError(f"expected a state_dict, or a checkpoint that has one, got {_kind(found)}; {_SAVE}")


def _is_weights(found: object, torch: ModuleType) -> TypeGuard[Weights]:
    return isinstance(found, MutableMapping) and all(
        isinstance(name, str) and (isinstance(value, torch.Tensor) or name.rpartition(".")[2] == _EXTRA)
        for name, value in found.items()
    )


def _kind(found: object) -> str:
    if not isinstance(found, Mapping):
        return f"an object of class {type(found).__qualname__}"
    names = [repr(name)[:40] for name in list(found)[:_SHOWN]]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"a dict of {', '.join(names)}{more}"
