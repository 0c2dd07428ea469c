"""A module of PyTorch as a model that is called with arrays."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Protocol, TypeAlias

from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_tensors import arrays_of, tensor_of
from foreseen.adapters.predictor.networks.torch_threads import computing, torch_kernels

Context: TypeAlias = Callable[[], AbstractContextManager[object]]


class _CalledModule(Protocol):
    def __call__(self, *tensors: object) -> object: ...


def module_model(
    torch: ModuleType,
    module: _CalledModule,
    inputs: Sequence[TensorInput],
    *,
    threads: int,
    within: Context = nullcontext,
) -> TensorModel:
    """Return a module as a model with these inputs, in the order of its arguments.

    Args:
        threads: how many compute.
        within: returns what is entered around each call.
    """
    return TensorModel(_ModuleCall(torch, module, inputs, threads, within), inputs, depends_on=torch_kernels(torch))


class _ModuleCall:
    """Calls a module with its arguments by place."""

    def __init__(
        self, torch: ModuleType, module: _CalledModule, inputs: Sequence[TensorInput], threads: int, within: Context
    ) -> None:
        self._torch = torch
        self._threads = threads
        self._module = module
        self._inputs = inputs
        self._within = within

    def __call__(self, arrays: Sequence[Array]) -> object:
        pairs = zip(arrays, self._inputs, strict=True)
        tensors = [tensor_of(self._torch, array, each.own_dtype) for array, each in pairs]
        with computing(self._torch, self._threads), self._within():
            return arrays_of(self._torch, self._module(*tensors))
