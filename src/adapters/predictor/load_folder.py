"""Load a model from a folder: one of MLflow by the loader of the file in it or by MLflow, and a SavedModel."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.model_folders import SAVED_MODEL
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.zip_archives import is_exported_program
from foreseen.adapters.predictor.loaders.loader_registry import loader_of
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions, ModelLoader, load_by
from foreseen.adapters.predictor.loaders.network_loaders.saved_model_loader import SavedModelLoader
from foreseen.adapters.predictor.loaders.network_loaders.torch_loader import TorchLoader
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_object
from foreseen.adapters.predictor.loaders.pickle_loader import PickleLoader
from foreseen.adapters.predictor.loaders.python_loader import PythonLoader
from foreseen.adapters.predictor.mlflow_folder.flavor import Flavor
from foreseen.adapters.predictor.mlflow_folder.folder_files import FolderFiles, content_digest
from foreseen.adapters.predictor.mlflow_folder.model_folder import ModelFolder, open_model_folder
from foreseen.adapters.predictor.mlflow_folder.python_function import read_python_function
from foreseen.adapters.predictor.model_file.model_file import ModelFile, open_model_file
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor


def load_folder(folder: Path, options: LoadOptions, *, pinned_sha256: str | None = None) -> Predictor:
    """Load the model in a folder.

    Args:
        pinned_sha256: the digest that the folder must have, in lower-case hex.
    Raises:
        ModelUnavailableError: as `ModelLoader.load`, or the folder is not what MLflow writes.
    """
    folder = _with_name(folder)
    with open_model_folder(folder, pinned_sha256=pinned_sha256) as opened:
        within = replace(options, folder=opened.facts, known_input=opened.facts.known_input)
        if opened.flavor.is_of_mlflow:
            read = partial(read_python_function, folder)
            return predictor_of_object(opened.file, within, read, LoadedFormat(runs_code=True))
        return _by_format(opened, within)


def load_saved_model(folder: Path, options: LoadOptions, *, pinned_sha256: str | None = None) -> Predictor:
    """Load a SavedModel of TensorFlow.

    Args:
        pinned_sha256: as of `load_folder`; permissions are checked all the same, since TensorFlow reads the weights and
            the vocabularies by their paths.
    Raises:
        ModelUnavailableError: as `ModelLoader.load`; or a file of the folder is not as pinned, could be changed by
            another user, leads out of it, or was changed while it was loaded.
    """
    folder = _with_name(folder)
    files = FolderFiles.of(folder)
    pins = None if pinned_sha256 is None else files.pinned(pinned_sha256)
    files.require_private(otherwise="")
    with open_model_file(folder / SAVED_MODEL, pinned_sha256=None if pins is None else pins[SAVED_MODEL].hex()) as file:
        digests = {**(pins or files.digests(leaving_out=SAVED_MODEL)), SAVED_MODEL: file.digest}
        digest = content_digest(dict(sorted(digests.items())), b"SavedModel")
        whole = replace(file, digest=digest, folder=folder, names=frozenset(files.versions))
        predictor = load_by(SavedModelLoader(), whole, options)
        files.require_unchanged()
    return predictor


def _with_name(folder: Path) -> Path:
    """Return a folder by a path that ends in its name: call sizes are kept beside it, by that."""
    return folder if folder.name not in ("", "..") else folder.resolve()


def _by_format(opened: ModelFolder, options: LoadOptions) -> Predictor:
    path = opened.file.path
    try:
        loader = loader_of(opened.file)
        if isinstance(loader, PythonLoader):  # no flavor's file is called .py
            raise ModelUnavailableError(f"{path}: expected {_expected(opened.flavor)}, got a Python file")
        if not opened.flavor.may_be_pickle and (code := _code_in(opened.file, loader)):
            expected = f"{_expected(opened.flavor)}, which runs no code when it is loaded"
            raise ModelUnavailableError(f"{path}: expected {expected}, got {code}")
        return load_by(loader, opened.file, options)
    except OtherFormatError as exc:
        raise ModelUnavailableError(f"{path}: expected {_expected(opened.flavor)}, got {exc}") from exc


def _code_in(file: ModelFile, loader: ModelLoader) -> str:
    """Return what a file is that runs code of its own when it is loaded; empty for any other."""
    if isinstance(loader, PickleLoader):
        return "what may be a pickle"
    if not isinstance(loader, TorchLoader):
        return ""
    names = FileStart.of(file.content).members
    return "" if is_exported_program(names) else "TorchScript"


def _expected(flavor: Flavor) -> str:
    return f"the file of MLflow's flavor {flavor.name}"
