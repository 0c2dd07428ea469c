"""FolderFacts: what the folder around a model file says of how it is loaded."""

from dataclasses import dataclass
from pathlib import Path

from foreseen.adapters.predictor.sidecar.known_input import KnownInput


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What MLmodel says, in Foreseen's terms.

    Attributes:
        flavor: by which the model is loaded: "sklearn".
        known_input: its signature and examples; None if it has no signature.
        code: the folder with modules of the model's author; None if there is none.
    """

    flavor: str
    known_input: KnownInput | None
    code: Path | None
