"""TorchLoader: loads the programs that torch.export.save writes, and TorchScript."""

from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.formats.archive_size import require_bounded_archive
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.zip_archives import is_exported_program, is_torch_script
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.declared_inputs import declared_inputs
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import predictor_of_network
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.exported_program import exported_model
from foreseen.adapters.predictor.networks.tensor_model import TensorModel
from foreseen.adapters.predictor.networks.torch_modules.torch_script import least_inputs, loaded_script, script_model
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere, limit_torch
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

LIBRARIES: Final = ("numpy", "torch")
"""Distributions that are part of the fingerprint of every model of this format."""


class TorchLoader:
    """Loads graphs of PyTorch's own operators. Those of TorchScript run as the file says."""

    saved_by = ("torch.export",)
    takes_code = False

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
        limit_torch(torch, options.threads, path=file.path)
        model = (_program if is_program else _script)(torch, file, options)
        return predictor_of_network(file, options, model, found, libraries=LIBRARIES)


def _program(torch: ModuleType, file: ModelFile, options: LoadOptions) -> TensorModel:
    with damage_named(file.path, "PyTorch"):
        return exported_model(torch, file.content, threads=options.threads)


def _script(torch: ModuleType, file: ModelFile, options: LoadOptions) -> TensorModel:
    """Return a module of TorchScript with the inputs that the operator declares: it does not know their shapes."""
    with damage_named(file.path, "PyTorch"):
        module = loaded_script(torch, file.content)
        count = least_inputs(module)
    inputs = declared_inputs(
        torch, file, options, count, reason="TorchScript does not record shapes", instead=", or torch.export.save"
    )
    return script_model(torch, module, inputs, threads=options.threads)
