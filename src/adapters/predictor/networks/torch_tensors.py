"""Tensors of PyTorch from arrays, and arrays from tensors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from foreseen.adapters.predictor.networks.tensor_model import Array


def tensor_of(torch: ModuleType, array: Array, dtype: object) -> object:
    """Return an array as a tensor of a dtype; copied, since a model may write to what it is given."""
    return torch.from_numpy(np.array(array, order="C")).to(dtype)


def arrays_of(torch: ModuleType, found: object) -> object:
    """Return tensors as arrays, also in lists and dicts; bfloat16, which numpy lacks, as float32."""
    if isinstance(found, torch.Tensor):
        tensor = found.detach()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if isinstance(found, Mapping):
        return {name: arrays_of(torch, part) for name, part in found.items()}
    if isinstance(found, list | tuple):
        return [arrays_of(torch, part) for part in found]
    return found


@contextmanager
def default_dtype(torch: ModuleType, dtype: object) -> Iterator[None]:
    """Have new tensors of floats this dtype until the block ends, whatever other code of the process has chosen."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
