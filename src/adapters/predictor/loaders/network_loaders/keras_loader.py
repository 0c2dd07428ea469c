"""KerasLoader: loads the archives that Keras 3 saves as `.keras`."""

from typing import Final

from foreseen.adapters.predictor.formats.archive_size import require_bounded_archive
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.zip_archives import is_keras
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import predictor_of_network
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.keras_model import have_backend, keras_model, require_safe_version
from foreseen.adapters.predictor.networks.torch_threads import have_same_bits_everywhere, limit_torch
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

_LIBRARIES: Final = ("keras", "numpy", "torch")
"""Distributions that are part of the fingerprint of every model of this format."""


class KerasLoader:
    """Loads layers and operations of Keras that compute; no code of the file runs."""

    saved_by = ("Keras",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether an archive holds a model of Keras 3."""
        return is_keras(start.members)

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, check, describe and try a model, and decide how it is called."""
        require_bounded_archive(file.content, file.path)
        have_same_bits_everywhere()
        with damage_named(file.path, "Keras"):
            have_backend()
        # Not within: what an installation lacks is no damage of the file.
        keras = required_library("keras", path=file.path, reads="its models", extra="keras")
        torch = required_library("torch", path=file.path, reads="models of Keras", extra="keras")
        limit_torch(torch, options.threads, path=file.path)
        with damage_named(file.path, "Keras"):
            require_safe_version()
            model = keras_model(keras, torch, file.content, threads=options.threads)
        return predictor_of_network(file, options, model, LoadedFormat("Keras"), libraries=_LIBRARIES)
