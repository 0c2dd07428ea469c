"""Collected: an encoder and a sink that keep predictions in memory, in place of a file."""

from collections.abc import Sequence
from typing import BinaryIO, Final

from foreseen.domain.tables.table import Chunk, Lines, Reject, Scored, Written
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.python.python_errors import RejectedRowsError


class Collected:
    """Keeps predictions with the numbers of their rows, and rejects.

    Attributes:
        parts: for each chunk the numbers of its rows, counted from 1, and their predictions.
        rejects: rows that cannot be scored.
    """

    has_to_be_sealed: Final = False

    def __init__(self, name: str, *, raises: bool) -> None:
        """Accept the name of the data for errors, and whether a row that cannot be scored is one."""
        self.scored = Scored()
        self.parts: list[tuple[Lines, Predictions]] = []
        self.rejects: list[Reject] = []
        self._name = name
        self._raises = raises

    def begin(self) -> bytes:
        """Return no bytes, since there is no file."""
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Keep the predictions of a chunk, and return no bytes."""
        self.parts.append((chunk.lines, predictions))
        return b""

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Do nothing: there is no file to seal."""

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:  # noqa: ARG002 - there are none
        """Keep the rejects of a chunk; raise RejectedRowsError if rows must not be rejected."""
        self.scored = scored
        self.rejects += rejects
        if rejects and self._raises:
            raise RejectedRowsError.of(self._name, rejects)
