"""TorchLoader: loads the programs that torch.export.save writes, and TorchScript."""

from types import ModuleType
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.formats.archive_size import require_bounded_archive
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.zip_archives import is_exported_program, is_torch_script
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import declared_tables, predictor_of_network
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.exported_program import exported_model
from foreseen.adapters.predictor.networks.tensor_model import TensorInput, TensorModel
from foreseen.adapters.predictor.networks.torch_script import least_inputs, loaded_script, script_model
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere, limit_torch
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor
from foreseen.domain.values.signature import DATETIMES

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable

LIBRARIES: Final = ("numpy", "torch")
"""Distributions that are part of the fingerprint of every model of this format."""


class TorchLoader:
    """Loads graphs of PyTorch's own operators. Those of TorchScript run as the file says."""

    saved_by = ("torch.export",)

    def can_load(self, start: FileStart) -> bool:
        """Return whether an archive holds an exported program, or TorchScript."""
        return is_exported_program(start.members) or is_torch_script(start.members)

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, check, describe and try a model, and decide how it is called."""
        start = FileStart.of(file.content)
        is_program = is_exported_program(start.members)
        found = LoadedFormat("torch.export") if is_program else LoadedFormat("TorchScript", runs_code=True)
        require_bounded_archive(file.content, file.path)
        have_same_bits_everywhere()
        torch = required_library("torch", path=file.path, reads=f"models of {found.name}", extra="torch")
        limit_torch(torch, options.threads)
        model = _program(torch, file) if is_program else _script(torch, file, options)
        return predictor_of_network(file, options, model, found, libraries=LIBRARIES)


def _program(torch: ModuleType, file: ModelFile) -> TensorModel:
    with damage_named(file.path, "PyTorch"):
        return exported_model(torch, file.content)


def _script(torch: ModuleType, file: ModelFile, options: LoadOptions) -> TensorModel:
    """Return a module of TorchScript with the inputs that the operator declares: it does not know their shapes."""
    with damage_named(file.path, "PyTorch"):
        module = loaded_script(torch, file.content)
        count = least_inputs(module)
    tables = declared_tables(options)
    inputs = [_declared_input(torch, file, table) for table in tables]
    if count == 1 < len(inputs) and not any(each.shape for each in inputs):  # columns of a table
        inputs = [TensorInput("x", inputs[0].dtype, (len(inputs),), inputs[0].own_dtype)]
    if len(inputs) < count or not inputs:
        raise ModelUnavailableError(
            f"{file.path}: expected a sidecar that describes the {count} input(s) of the model, as TorchScript "
            f"does not know their shapes, got {len(inputs)}; try: [[features]] with name, dtype and shape in "
            f"{options.sidecar or file.path.with_suffix('.toml')}, or torch.export.save"
        )
    return script_model(torch, module, inputs)


def _declared_input(torch: ModuleType, file: ModelFile, table: "FeatureTable") -> TensorInput:
    """Return an input as the sidecar declares it: float32 if that says no dtype, as PyTorch's own."""
    from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype  # noqa: PLC0415 - with the sidecar only

    dtype = declared_dtype(table.dtype).dtype if table.dtype else "float32"
    if dtype is None or dtype == "string" or dtype in DATETIMES:
        raise ModelUnavailableError(f"{file.path}: feature {table.name!r}: expected a number, got {table.dtype}")
    return TensorInput(table.name, dtype, tuple(table.shape), getattr(torch, dtype))
