"""PythonLoader: loads the models that code makes: of a Python file, or of a name in a module."""

from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.formats.binary_formats import binary_format
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.text_formats import document_format, text_format
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_code
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.python_objects.executed_source import executed_file, imported_module
from foreseen.adapters.predictor.python_objects.made_model import loaded_model, named_model
from foreseen.adapters.predictor.python_objects.object_reference import PYTHON_SUFFIX, ObjectReference
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

_PYTHON: Final = LoadedFormat("Python", runs_code=True, is_own_code=True)


class PythonLoader:
    """Executes a Python file, and serves what its function `load` returns, or what a name in it means."""

    saved_by = ()
    takes_code = True

    def __init__(self, name: str | None = None) -> None:
        """Accept a name in the file; None for what `load` returns."""
        self._name = name

    def can_load(self, start: FileStart) -> bool:
        """Return whether a text is called .py: Python has no first bytes by which it would be recognised."""
        is_other = binary_format(start.head) or document_format(start.head)
        is_text = not start.head or text_format(start.head) is not None
        return start.name.endswith(PYTHON_SUFFIX) and is_text and not is_other

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Execute the file, describe and try its model, and decide how it is called."""
        name = self._name

        def made(own: OwnModules) -> object:
            module = executed_file(file, own, name)
            if name is None:
                return loaded_model(file.path, module, options.outputs)
            return named_model(file.path, module, name, options.outputs)

        named = replace(file, digest=sha256(file.digest + f":{name or ''}".encode()).digest())
        folder = file.path.resolve().parent
        return predictor_of_code(named, options, made, _PYTHON, kept_beside=file.path, folder=folder)


def load_named_object(reference: ObjectReference, options: LoadOptions, *, is_pinned: bool) -> Predictor:
    """Load the model that a name in a module means.

    Args:
        is_pinned: whether the settings have a digest for the model's file.
    Raises:
        ModelUnavailableError: there is no such module or name, or it is no model.
    """
    path = Path(f"{reference.place}:{reference.name}")
    source = reference.source(options.code)
    if is_pinned:
        named = source or Path("FILE.py")
        raise ModelUnavailableError(
            f"{path}: expected no model_sha256 for a module, which a digest of one file does not identify; "
            f"try: {named}:{reference.name}"
        )

    def made(_: OwnModules) -> object:
        return named_model(path, imported_module(path, reference.place), reference.name, options.outputs)

    file = ModelFile(path, sha256(str(path).encode()).digest(), BytesIO())
    return predictor_of_code(file, options, made, _PYTHON, kept_beside=source)
