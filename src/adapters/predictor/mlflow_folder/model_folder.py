"""ModelFolder: a folder that MLflow wrote, with its model file open, and only if no other user can change it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from foreseen.adapters.predictor.formats.model_folders import SAVED_MODEL
from foreseen.adapters.predictor.mlflow_folder.flavor import Flavor, chosen_flavor
from foreseen.adapters.predictor.mlflow_folder.folder_facts import FolderFacts
from foreseen.adapters.predictor.mlflow_folder.folder_files import FolderFiles, content_digest, is_description
from foreseen.adapters.predictor.mlflow_folder.folder_signature import signature_input
from foreseen.adapters.predictor.mlflow_folder.input_example import MOST_BYTES, NONE, Examples, read_examples
from foreseen.adapters.predictor.mlflow_folder.mlmodel import NAME, MLmodel
from foreseen.adapters.predictor.mlflow_folder.yaml_document import MOST_BYTES_OF_YAML
from foreseen.adapters.predictor.model_file.model_file import ModelFile, open_model_file
from foreseen.domain.errors import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder whose files were checked.

    Attributes:
        file: the model file in it, whose digest is that of all files that an answer may depend on; MLmodel itself if
            only MLflow can load the model.
        flavor: by which it is loaded.
        facts: what MLmodel says of the model.
    """

    file: ModelFile
    flavor: Flavor
    facts: FolderFacts


def is_model_folder(path: Path) -> bool:
    """Return whether MLflow wrote a folder, by the name of a file in it."""
    return os.path.isfile(path / NAME)  # noqa: PTH113 - accepts a name that is too long


@contextmanager
def open_model_folder(folder: Path, *, pinned_sha256: str | None = None) -> Iterator[ModelFolder]:
    """Check a folder, and open the model file in it.

    Args:
        pinned_sha256: the digest that the folder must have, see `folder_sha256`; with it, permissions are not checked,
            unless MLflow or TensorFlow reads other files of the folder.
    Raises:
        ModelUnavailableError: it is damaged, writable for other users, of another digest, or leads out of itself; or it
            was changed before the block ended.
    """
    files = FolderFiles.of(folder)
    pins = None if pinned_sha256 is None else files.pinned(pinned_sha256)
    if pins is None:
        files.require_private()
    with _opened(files, NAME, pins) as listed:
        found = MLmodel.read(listed.content.read(MOST_BYTES_OF_YAML + 1), folder / NAME)
    flavor = chosen_flavor(found)
    known = signature_input(found, _examples(files, found), by_mlflow=flavor.is_of_mlflow)
    facts = FolderFacts(flavor.name, known, _code(files, flavor))
    name = NAME if flavor.is_of_mlflow else _file_name(files, flavor)
    if flavor.is_of_mlflow or PurePosixPath(name).name == SAVED_MODEL:
        files.require_private(otherwise="")  # also if pinned: MLflow and TensorFlow read files again by their paths
    with _opened(files, name, pins) as file:
        digests = {**(pins or files.digests(leaving_out=name)), name: file.digest}
        names = [each for each in files.versions if each != NAME and (flavor.is_of_mlflow or not is_description(each))]
        digest = content_digest({each: digests[each] for each in names}, flavor.settings)
        yield ModelFolder(replace(file, digest=digest, folder=folder, names=frozenset(files.versions)), flavor, facts)
        files.require_unchanged()


def _opened(files: FolderFiles, name: str, pins: Mapping[str, bytes] | None) -> AbstractContextManager[ModelFile]:
    return open_model_file(files.folder / name, pinned_sha256=None if pins is None else pins[name].hex())


def _file_name(files: FolderFiles, flavor: Flavor) -> str:
    names = [place.as_posix() for place in flavor.files]
    if found := next((name for name in names if name in files), None):
        return found
    raise ModelUnavailableError(
        f"{files.folder / names[0]}: expected the file that MLmodel names for its flavor {flavor.name}, "
        "got no such file"
    )


def _code(files: FolderFiles, flavor: Flavor) -> Path | None:
    if not flavor.code:
        return None
    if not (code := files.folder / flavor.code).is_dir():
        raise ModelUnavailableError(f"{code}: expected the folder that MLmodel names for the model's code, got none")
    return code


def _examples(files: FolderFiles, found: MLmodel) -> Examples:
    """Return the examples that were saved with a model; none if there are none, or very many."""
    path = files.folder / found.example
    if found.example not in files or path.stat().st_size > MOST_BYTES:
        return NONE
    return read_examples(path.read_bytes())
