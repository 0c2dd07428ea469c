"""ModelLoader: what loads the models of one format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.domain.ports import Predictor


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What an operator said of a model, whatever its format.

    Attributes:
        outputs: methods to call, of "predict" and "predict_proba".
        features: names of its inputs, above what the sidecar or the model say.
        missing: names of those that may be missing, above what the sidecar or the model say.
        sidecar: a TOML file that describes its inputs, and lists files that its code reads.
        calls: how many rows its calls have.
        threads: of the libraries that compute.
        code: the script that defines the classes which the file knows as those of `__main__`.
    """

    outputs: Sequence[str]
    features: Sequence[str] | None
    missing: Sequence[str]
    sidecar: Path | None
    calls: CallOptions
    threads: int
    code: Path | None


class ModelLoader(Protocol):
    """Loads the models of one format; its library is imported by `load`, so that other formats do without it."""

    @property
    def saved_by(self) -> Sequence[str]:
        """What writes this format, as it follows "a model saved by"."""

    def can_load(self, head: bytes) -> bool:
        """Return whether the first bytes of a file, `HEAD_BYTES` at most, are those of this format."""

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Load the model of an open file.

        Raises:
            OtherFormatError: the file turned out to be something else.
            ModelUnavailableError: it cannot be loaded or described, or lacks one of the outputs.
        """
