"""What Python code gives to be predicted, in one form: its features as Arrow columns, and the way back."""

from collections.abc import Sequence
from typing import Any, Protocol

import pyarrow as pa

from foreseen.adapters.tabular.frames.frame_answers import Answers


class Given(Protocol):
    """Rows as Python code holds them."""

    @property
    def name(self) -> str:
        """What they are called in errors."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns that there are."""

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns, as they are read."""

    def predicted(self, answers: Answers) -> Any:
        """Return the predictions alone, in the kind of thing that was given."""


class GivenFrame(Given, Protocol):
    """Rows of a frame, which predictions are put beside."""

    def beside(self, added: pa.Table, keep: Sequence[str]) -> Any:
        """Return a frame of the columns to keep and those to add."""
