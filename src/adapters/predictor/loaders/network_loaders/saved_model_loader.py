"""SavedModelLoader: loads the folders that TensorFlow's `tf.saved_model.save` and Keras' `export` write."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from types import ModuleType

from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.model_folders import SAVED_MODEL
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import declared_tables, predictor_of_network
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.saved_models.saved_model import SavedFolder, saved_model
from foreseen.adapters.predictor.networks.saved_models.tensorflow_process import (
    started_tensorflow,
    tensorflow_distribution,
)
from foreseen.adapters.predictor.networks.tensor_model import TensorModel
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor


class SavedModelLoader:
    """Loads graphs of TensorFlow's operators that compute; nothing else in the folder runs or is read."""

    saved_by = ("tf.saved_model.save",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file has the name by which TensorFlow knows such a folder, and begins as a message does."""
        return start.name == SAVED_MODEL and start.head[:2] == b"\x08\x01"

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, check, describe and try a model, and decide how it is called.

        Its file must be of a folder that was named: the other files in it are not part of its digest otherwise.
        """
        if file.folder is None:
            raise ModelUnavailableError(
                f"{file.path}: expected the folder of a SavedModel, got a file in it; try: {file.path.parent}"
            )
        load = partial(required_library, "tensorflow", path=file.named, reads="SavedModels", extra="tensorflow")
        tensorflow = started_tensorflow(load, options.threads, path=file.named)
        with damage_named(file.path, "TensorFlow"):
            model = _read(tensorflow, file, options)
        libraries = tensorflow_distribution(tensorflow)
        return predictor_of_network(file, options, model, LoadedFormat("SavedModel"), libraries=libraries)


def _read(tensorflow: ModuleType, file: ModelFile, options: LoadOptions) -> TensorModel:
    folder = SavedFolder(file.path.parent, frozenset(_names_beside(file)))
    return saved_model(
        tensorflow, file.content.read(), folder, threads=options.threads, declared=_declared_shapes(options)
    )


def _names_beside(file: ModelFile) -> Iterator[str]:
    """Yield the names of the files in the folder of a file and below, relative to it."""
    inner = file.path.parent.relative_to(file.named)
    for name in map(PurePosixPath, file.names):
        if name.is_relative_to(inner):
            yield name.relative_to(inner).as_posix()


def _declared_shapes(options: LoadOptions) -> Mapping[str, Sequence[int]]:
    return {table.name: table.shape for table in declared_tables(options) if table.shape}
