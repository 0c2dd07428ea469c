"""FileFormat: a format that cannot be loaded, by its name and by how a model in it can be served."""

from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 4096
"""Bytes of a file from which its format is recognised."""

WRAP: Final = "write a class with predict in a module of your own and save an instance of it (docs/models.md)"
OTHER_FILE: Final = "name the file that the model was saved to"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What a file is.

    Attributes:
        name: with its article, as it follows "got".
        advice: how a model in it can be served, as it follows "try:"; empty where nothing is known to help.
    """

    name: str
    advice: str = OTHER_FILE

    @property
    def got(self) -> str:
        """What it is and what helps, as it follows "got"."""
        return f"{self.name}; try: {self.advice}" if self.advice else self.name


def loaded_by(call: str) -> str:
    """Return the advice for a library whose models joblib can save."""
    return f"load it with {call} and save that object with joblib.dump"
