"""Rows from Python code in one form: their features as Arrow columns, and predictions in the kind that was given."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from foreseen.adapters.tabular.frames.frame_answers import Answers


class Given(Protocol):
    """Rows from Python code."""

    @property
    def name(self) -> str:
        """Their name in errors."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of their columns."""

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns, to be read."""

    def predicted(self, answers: Answers) -> object:
        """Return the predictions alone, in the same kind of container."""


class GivenFrame(Given, Protocol):
    """Rows of a frame, to which predictions can be added."""

    def beside(self, added: pa.Table, keep: Sequence[str]) -> object:
        """Return a frame of the columns to keep and those to add."""
