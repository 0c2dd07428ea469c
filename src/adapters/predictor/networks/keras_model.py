"""A model of Keras 3 as a model that is called with arrays, computed by PyTorch."""

import os
from collections.abc import Callable, Mapping, Sequence
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import BinaryIO, Final, Protocol, cast

import numpy as np

from foreseen.adapters.predictor.networks.keras_archive import write_checked
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.required_version import require_version
from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_tensors import arrays_of
from foreseen.adapters.predictor.networks.torch_threads import computing, torch_kernels
from foreseen.adapters.predictor.unpickling.load_warnings import deprecations_ignored
from foreseen.domain.values.signature import DType

_BACKEND: Final = "KERAS_BACKEND"
_DTYPES: Final[Mapping[str, DType]] = {
    "bool": "bool", "uint8": "uint8", "int8": "int8", "uint16": "uint16", "int16": "int16", "uint32": "uint32",
    "int32": "int32", "uint64": "uint64", "int64": "int64", "float16": "float32", "bfloat16": "float32",
    "float32": "float32", "float64": "float64",
}  # fmt: skip
_DEVICE: Final = "cpu"
_CONFIGURATION: Final = ("float32", 1e-7, "channels_last")
"""What Keras computes with where a layer does not say it: the dtype of floats, the least divisor, the order of axes."""

_LOWEST: Final = (3, 13)
"""Before it, the safe mode of Keras could be bypassed: CVE-2025-1550, CVE-2025-8747, CVE-2025-9906, CVE-2025-9905."""


class _KerasTensor(Protocol):
    name: str
    dtype: str
    shape: Sequence[int | None]


class _Model(Protocol):
    inputs: Sequence[_KerasTensor] | None

    def __call__(self, given: object, *, training: bool) -> object: ...


def have_backend() -> None:
    """Have Keras compute by PyTorch, before it is imported first.

    Raises:
        RejectedFileError: the environment says another backend, whose threads and bits are not known.
    """
    found = os.environ.setdefault(_BACKEND, "torch")
    if found != "torch":
        raise RejectedFileError(
            f"expected {_BACKEND} to be torch, by which models of Keras are served, got {found[:40]!r}"
        )


def require_safe_version() -> None:
    """Raise RejectedFileError for a version of Keras whose loading can be made to run code."""
    require_version("keras", _LOWEST, "whose safe mode cannot be bypassed")


def keras_model(keras: ModuleType, torch: ModuleType, file: BinaryIO, *, threads: int) -> TensorModel:
    """Read, check and load the model in a file.

    Args:
        threads: how many compute.
    Raises:
        RejectedFileError: it has anything that is not known to be harmless, or inputs that cannot be served.
        Exception: Keras cannot load it.
    """
    with NamedTemporaryFile(suffix=".keras") as copy, deprecations_ignored():  # Keras' own, of numpy's newest versions
        write_checked(file, copy)
        with keras.device(_DEVICE):
            model: _Model = keras.saving.load_model(copy.name, compile=False, safe_mode=True)
    tensors = model.inputs
    if not tensors:
        raise RejectedFileError("expected a model that knows its inputs, got none; try: call it before it is saved")
    inputs = [_input(tensor) for tensor in tensors]
    rows = {tensor.shape[0] for tensor in tensors}
    if len(rows) > 1:
        raise RejectedFileError(f"expected as many rows in each input, got {' and '.join(sorted(map(str, rows)))}")
    if keras.backend.backend() != "torch":
        raise RejectedFileError(
            f"expected Keras to compute by torch, got {keras.backend.backend()}; try: a new process"
        )
    structure = getattr(model, "input", None)  # of tensors in dicts and lists, which not every model has
    if structure is None:
        structure = tensors[0] if len(tensors) == 1 else tensors
    call = _KerasCall(keras, model, torch, threads, _arranged(structure, inputs))
    return TensorModel(call, inputs, rows=rows.pop(), depends_on={**torch_kernels(torch), **_configuration(keras)})


def _configuration(keras: ModuleType) -> dict[str, bytes]:
    """Return what `~/.keras/keras.json`, or code of the process, has configured; nothing if that is Keras' default."""
    found = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()
    return {} if found == _CONFIGURATION else {"configuration of Keras": repr(found).encode()}


def _input(tensor: _KerasTensor) -> TensorInput:
    if tensor.dtype not in _DTYPES:
        raise RejectedFileError(f"expected numbers or bools in the input {tensor.name!r}, got {tensor.dtype}")
    if not tensor.shape or None in tensor.shape[1:]:
        raise RejectedFileError(
            f"expected the input {tensor.name!r} to have one size, apart from the number of rows, got {tensor.shape}"
        )
    shape = tuple(int(length) for length in tensor.shape[1:] if length is not None)
    return TensorInput(tensor.name, _DTYPES[tensor.dtype], shape, tensor.dtype)


def _arranged(structure: object, inputs: Sequence[TensorInput]) -> Callable[[Sequence[Array]], object]:
    """Return a function that arranges one array per input as a model takes them: in dicts and lists, or alone."""
    places = {each.name: place for place, each in enumerate(inputs)}

    def arranged(part: object, arrays: Sequence[Array]) -> object:
        if isinstance(part, Mapping):
            return {key: arranged(each, arrays) for key, each in part.items()}
        if isinstance(part, list | tuple):
            return [arranged(each, arrays) for each in part]
        return arrays[places[cast("_KerasTensor", part).name]]

    return lambda arrays: arranged(structure, arrays)


class _KerasCall:
    """Calls a model with its inputs as it takes them."""

    def __init__(
        self,
        keras: ModuleType,
        model: _Model,
        torch: ModuleType,
        threads: int,
        arrange: Callable[[Sequence[Array]], object],
    ) -> None:
        self._keras = keras
        self._model = model
        self._torch = torch
        self._threads = threads
        self._arrange = arrange

    def __call__(self, arrays: Sequence[Array]) -> object:
        given = self._arrange([np.array(array, order="C") for array in arrays])
        with self._keras.device(_DEVICE), computing(self._torch, self._threads):
            return arrays_of(self._torch, self._model(given, training=False))
