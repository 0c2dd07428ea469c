"""LoadedFormat: which format a model was loaded from, and whether that ran code of its file."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LoadedFormat:
    """The format of a model file.

    Attributes:
        name: what writes it: "skops"; empty for a model that is of no file.
        runs_code: whether loading it runs whatever code its author put into it.
        is_own_code: whether it is code, rather than an object that was saved.
        code_file: the name of the file that has the code, where that is not the model file.
    """

    name: str = ""
    runs_code: bool = False
    is_own_code: bool = False
    code_file: str | None = None

    def __str__(self) -> str:
        if not self.name:
            return ""
        return (
            f"{self.name}, which runs {'the' if self.runs_code else 'no'} code of {self._code_place} when it is loaded"
        )

    @property
    def _code_place(self) -> str:
        return self.code_file or "its file"

    @property
    def notice(self) -> str:
        """What an operator should know about a model that was loaded; empty if no such code ran."""
        return f"loading it ran the code of {self._code_place} ({self.name})" if self.runs_code else ""


NO_FILE: Final = LoadedFormat()
"""Of a model that was not loaded from a file."""
