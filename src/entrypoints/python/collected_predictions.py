"""Collected: an encoder and a sink that keep predictions in memory, in place of a file."""

from collections.abc import Sequence
from typing import BinaryIO, Final

from foreseen.domain.tables.table import Chunk, Lines, Reject, Scored, Written
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.python.python_errors import RejectedRowsError


class Collected:
    """Keeps predictions with the numbers of their rows, and rejects.

    Attributes:
        parts: numbers of rows, counted from 1, and their predictions.
        rejects: rows that cannot be scored.
    """

    has_to_be_sealed: Final = False

    def __init__(self, name: str, *, raises: bool) -> None:
        """Begin with nothing; `name` is that of the data in errors.

        Args:
            raises: whether a row that cannot be scored is an error.
        """
        self.scored = Scored()
        self.parts: list[tuple[Lines, Predictions]] = []
        self.rejects: list[Reject] = []
        self._name = name
        self._raises = raises

    def begin(self) -> bytes:
        """Return nothing: there is no file."""
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Keep the predictions of a chunk."""
        self.parts.append((chunk.lines, predictions))
        return b""

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Leave everything as it is."""

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:  # noqa: ARG002 - there are none
        """Keep the rejects of a chunk; raise RejectedRowsError where they are an error."""
        self.scored = scored
        self.rejects += rejects
        if rejects and self._raises:
            raise RejectedRowsError.of(self._name, rejects)
