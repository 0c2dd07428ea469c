"""An exported program of PyTorch as a model that is called with arrays."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import BinaryIO

from foreseen.adapters.predictor.networks.exported_archive import checked_archive
from foreseen.adapters.predictor.networks.exported_inputs import ExportedInputs
from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_tensors import arrays_of, tensor_of
from foreseen.adapters.predictor.networks.torch_threads import computing, torch_kernels


def exported_model(torch: ModuleType, file: BinaryIO, *, threads: int) -> TensorModel:
    """Read, check and load the program in a file.

    Args:
        threads: how many compute.
    Raises:
        ValueError: it has anything that is not known to be harmless, or another form than `exported_inputs` accepts.
        Exception: PyTorch cannot load it.
    """
    archive = checked_archive(file)
    programs = import_module("torch.export.pt2_archive._package").load_pt2(archive.content).exported_programs
    found = archive.inputs
    inputs = [TensorInput(each.name, each.dtype, each.shape, getattr(torch, each.own_dtype)) for each in found.inputs]
    module = programs["model"].module()
    call = _ProgramCall(torch, module, inputs, found, threads)
    return TensorModel(call, inputs, rows=found.rows, depends_on=torch_kernels(torch))


class _ProgramCall:
    """Calls the module of a program with its arguments in their form."""

    def __init__(
        self,
        torch: ModuleType,
        module: Callable[..., object],
        inputs: Sequence[TensorInput],
        found: ExportedInputs,
        threads: int,
    ) -> None:
        self._torch = torch
        self._threads = threads
        self._module = module
        self._inputs = inputs
        self._args, self._kwargs = found.args, found.kwargs

    def __call__(self, arrays: Sequence[Array]) -> object:
        pairs = zip(arrays, self._inputs, strict=True)
        tensors = iter([tensor_of(self._torch, array, each.own_dtype) for array, each in pairs])
        args = [_filled(each, tensors) for each in self._args]
        kwargs = {name: _filled(each, tensors) for name, each in self._kwargs.items()}
        with computing(self._torch, self._threads):
            return arrays_of(self._torch, self._module(*args, **kwargs))


def _filled(tree: object, tensors: Iterator[object]) -> object:
    """Return a tree with tensors in place of its None."""
    if isinstance(tree, Mapping):
        return {name: _filled(part, tensors) for name, part in tree.items()}
    if isinstance(tree, list):
        return [_filled(part, tensors) for part in tree]
    return next(tensors)
