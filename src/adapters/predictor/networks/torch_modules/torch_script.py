"""TorchScript as a model that is called with arrays. Its code is that of the file; PyTorch's interpreter runs it."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import BinaryIO, Final, Protocol

from foreseen.adapters.predictor.networks.tensor_model import TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_modules.module_model import module_model
from foreseen.adapters.predictor.unpickling.load_warnings import deprecations_ignored

_FAILED: Final = "The following operation failed in the TorchScript interpreter"
"""How messages begin whose last line is the reason, after the places in the code."""


class _Argument(Protocol):
    def has_default_value(self) -> bool: ...


class _Schema(Protocol):
    arguments: Sequence[_Argument]


class _Forward(Protocol):
    schema: _Schema


class ScriptModule(Protocol):
    """What is used of PyTorch's class of this name."""

    forward: _Forward

    def __call__(self, *tensors: object) -> object:
        """Compute."""


def loaded_script(torch: ModuleType, file: BinaryIO) -> ScriptModule:
    """Return the module in a file, on the CPU and ready to predict."""
    with deprecations_ignored():  # of TorchScript as such; the documentation says it
        module: ScriptModule = torch.jit.load(io.BytesIO(file.read()), map_location="cpu").eval()
    return module


def least_inputs(module: ScriptModule) -> int:
    """Return how many inputs a module has that must be given."""
    return sum(not argument.has_default_value() for argument in module.forward.schema.arguments[1:])


def script_model(
    torch: ModuleType, module: ScriptModule, inputs: Sequence[TensorInput], *, threads: int
) -> TensorModel:
    """Return a module as a model with these inputs, in the order of its arguments.

    Args:
        threads: how many compute.
    """
    return module_model(torch, module, inputs, threads=threads, within=partial(_interpreted, torch))


@contextmanager
def _interpreted(torch: ModuleType) -> Iterator[None]:
    """Have PyTorch interpret what is called in the block; raise RuntimeError with the reason alone if that fails."""
    try:
        # Otherwise PyTorch compiles what it has run a few times, and the last bits of later answers may differ.
        with torch.jit.optimized_execution(False):
            yield
    except RuntimeError as exc:
        lines = str(exc).strip().splitlines()
        if not lines or not lines[0].startswith(_FAILED):
            raise
        raise RuntimeError(lines[-1].removeprefix("RuntimeError: ")) from exc
