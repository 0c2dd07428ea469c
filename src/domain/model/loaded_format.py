"""LoadedFormat: which format a model was loaded from, and whether that ran code of its file."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LoadedFormat:
    """The format of a model file.

    Attributes:
        name: what writes it: "skops"; empty for a model that is of no file.
        runs_code: whether loading it runs whatever code its author put into it.
    """

    name: str = ""
    runs_code: bool = False

    def __str__(self) -> str:
        return f"{self.name}, which runs {'the' if self.runs_code else 'no'} code of its file when it is loaded"


NO_FILE: Final = LoadedFormat()
"""Of a model that was not loaded from a file."""
