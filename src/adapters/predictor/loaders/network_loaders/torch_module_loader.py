"""TorchModuleLoader: loads weights that torch.save wrote into the module of a Python file."""

from functools import partial
from pathlib import Path
from types import ModuleType

from foreseen.adapters.predictor.formats.archive_size import require_bounded_archive
from foreseen.adapters.predictor.formats.binary_formats import TORCH, binary_format
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.zip_archives import is_saved_by_torch
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.declared_inputs import declared_inputs
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import predictor_of_network_code
from foreseen.adapters.predictor.loaders.network_loaders.torch_loader import LIBRARIES
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.tensor_model import TensorModel
from foreseen.adapters.predictor.networks.torch_modules.checkpoint import Weights, read_weights
from foreseen.adapters.predictor.networks.torch_modules.matching_weights import load_weights
from foreseen.adapters.predictor.networks.torch_modules.module_model import module_model
from foreseen.adapters.predictor.networks.torch_modules.module_of_code import least_arguments, module_of_code
from foreseen.adapters.predictor.networks.torch_modules.seeded_draws import seeded_draws
from foreseen.adapters.predictor.networks.torch_tensors import default_dtype
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere, limit_torch
from foreseen.adapters.predictor.own_code import main_script
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.python_objects.made_model import failures_of_code
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor


class TorchModuleLoader:
    """Loads a state_dict, of which nothing is executed, into the module that the file of `--code` defines."""

    saved_by = ()
    takes_code = True

    def can_load(self, start: FileStart) -> bool:
        """Return whether torch.save wrote a file, in its newer form or before PyTorch 1.6."""
        return is_saved_by_torch(start.members) or binary_format(start.head) is TORCH

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read the weights, execute the code, describe and try the module, and decide how it is called."""
        if options.code is None:
            raise OtherFormatError(TORCH)
        start = FileStart.of(file.content)
        if not is_saved_by_torch(start.members):
            raise ModelUnavailableError(
                f"{file.path}: expected what torch.save writes since PyTorch 1.6, got an older form; "
                "try: torch.save(torch.load(path, weights_only=True), path)"
            )
        require_bounded_archive(file.content, file.path)
        have_same_bits_everywhere()
        torch = required_library("torch", path=file.path, reads="these weights", extra="torch")
        with damage_named(file.path, "PyTorch"):
            weights = read_weights(torch, file.content)  # before any code runs, which may have PyTorch trust more
        make = partial(_model, torch, file, options, options.code, weights)
        found = LoadedFormat("PyTorch's weights", runs_code=True, is_own_code=True, code_file=options.code.name)
        with default_dtype(torch, torch.float32):  # until the code chooses another
            return predictor_of_network_code(
                file, options, make, found, libraries=LIBRARIES, within=partial(seeded_draws, torch)
            )


def _model(
    torch: ModuleType, file: ModelFile, options: LoadOptions, code: Path, weights: Weights, own: OwnModules
) -> TensorModel:
    """Return the module of the code with these weights, ready to predict."""
    module = module_of_code(torch, code, own.module(main_script.NAME))
    with failures_of_code(code, "a module that predicts on the CPU"):
        module.cpu()
        module.eval()
        count = least_arguments(module)
    with damage_named(file.path, "PyTorch"):
        load_weights(module, weights, code)
    limit_torch(torch, options.threads, path=file.path)  # here, since the code may have set another number
    inputs = declared_inputs(torch, file, options, count, reason="modules of PyTorch do not record shapes")
    own_dtype = partial(default_dtype, torch, torch.get_default_dtype())
    return module_model(torch, module, inputs, threads=options.threads, within=own_dtype)
