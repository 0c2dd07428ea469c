"""ModelLoader: what loads the models of one format."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.engines.load_engine import EngineChoice
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.mlflow_folder.folder_facts import FolderFacts
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the settings say of a model, whatever its format.

    Attributes:
        outputs: what to predict, by the format's own names: "predict".
        features: names of its inputs; they override the sidecar and the model.
        missing: names of the inputs that may be missing; they override the sidecar and the model.
        sidecar: a TOML file that describes its inputs, and lists files that its code reads.
        calls: how many rows its calls have.
        threads: how many the model's libraries compute with.
        code: the script that defines the classes which the file refers to as those of `__main__`, or the module of
            PyTorch's weights.
        engine: auto for an engine if its bits are those of the library; library for none.
        trusted_types: names of types that a file may have an instance of, besides those that its format trusts.
        known_input: what the format says of its inputs; None in the settings, a loader adds it.
        folder: what the folder around the file says of the model; None for a file by itself.
    """

    outputs: Sequence[str]
    features: Sequence[str] | None
    missing: Sequence[str]
    sidecar: Path | None
    calls: CallOptions
    threads: int
    code: Path | None
    engine: EngineChoice = "auto"
    trusted_types: Sequence[str] = ()
    known_input: KnownInput | None = None
    folder: FolderFacts | None = None

    def loaded_from(self, found: LoadedFormat) -> LoadedFormat:
        """Return the format of the file with that of the folder around it."""
        if self.folder is None:
            return found
        names = ("MLflow's folder", f"flavor {self.folder.flavor}", found.name)
        return replace(found, name=", ".join(filter(None, names)))


class ModelLoader(Protocol):
    """Loads the models of one format. `load` imports its library, so that other formats work without it."""

    @property
    def saved_by(self) -> Sequence[str]:
        """What writes this format, as it follows "a model saved by"."""

    @property
    def takes_code(self) -> bool:
        """Whether files of this format may refer to a script, which `--code` names."""

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file begins as those of this format do."""

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Load the model of an open file.

        Raises:
            OtherFormatError: the file turned out to be something else.
            ModelUnavailableError: it cannot be loaded or described, or lacks one of the outputs.
        """


def load_by(loader: ModelLoader, file: ModelFile, options: LoadOptions) -> Predictor:
    """Load the model of an open file; raise as `ModelLoader.load`, or if a script is named that nothing refers to.

    Executed all the same, it would only change the fingerprint, and files that run no code would be loaded with some.
    """
    if options.code is not None and not loader.takes_code:
        raise ModelUnavailableError(
            f"{file.path}: expected no code for this model, whose format refers to no script, got {options.code}"
        )
    return loader.load(file, options)
