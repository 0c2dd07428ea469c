"""A module of PyTorch as a model that is called with arrays."""

import inspect
from collections.abc import Sequence
from types import ModuleType

from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_tensors import arrays_of, computing, tensor_of
from foreseen.adapters.predictor.networks.torch_threads import cpu_kernels
from foreseen.adapters.predictor.torch_modules.module_of_code import Module


def least_arguments(module: Module) -> int:
    """Return how many tensors a module must be called with."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(module.forward).parameters.values()
    return sum(each.kind in by_place and each.default is inspect.Parameter.empty for each in parameters)


def module_model(torch: ModuleType, module: Module, inputs: Sequence[TensorInput]) -> TensorModel:
    """Return a module as a model with these inputs, in the order of its arguments."""
    return TensorModel(_ModuleCall(torch, module, inputs), inputs, depends_on=cpu_kernels(torch))


class _ModuleCall:
    """Calls a module with its arguments by place."""

    def __init__(self, torch: ModuleType, module: Module, inputs: Sequence[TensorInput]) -> None:
        self._torch = torch
        self._module = module
        self._inputs = inputs

    def __call__(self, arrays: Sequence[Array]) -> object:
        pairs = zip(arrays, self._inputs, strict=True)
        tensors = [tensor_of(self._torch, array, each.own_dtype) for array, each in pairs]
        with computing(self._torch):
            return arrays_of(self._torch, self._module(*tensors))
