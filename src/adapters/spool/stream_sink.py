"""StreamSink: results written as they come, to a stream that cannot be resumed."""

import tempfile
from collections.abc import Callable, Sequence
from typing import BinaryIO

from foreseen.adapters.spool.disk.whole_file import translated_write_errors
from foreseen.domain.tables.table import Reject, RejectsEncoder, Scored, TableEncoder, Written


class StreamSink:
    """Writes rows to a stream, and rejects to another that is opened for the first of them."""

    def __init__(
        self,
        stream: BinaryIO,
        open_rejects: Callable[[Reject], BinaryIO],
        *,
        name: str,
        encoder: TableEncoder,
        rejects_encoder: RejectsEncoder,
    ) -> None:
        """Write the header; errors call the stream `name`.

        Raises:
            TableError: the stream cannot be written.
        """
        self.scored = Scored()
        self._stream = stream
        self._open_rejects = open_rejects
        self._rejects: BinaryIO | None = None
        self._name = name
        self._encoder = rejects_encoder
        self._table_encoder = encoder
        # On disk, since it may not fit into memory.
        self._spool = tempfile.TemporaryFile() if encoder.has_to_be_sealed else None  # noqa: SIM115
        self._append(encoder.begin())

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        """Write rows and rejects at once; rejects first, since a run without a place for them ends there."""
        if rejects:
            with translated_write_errors("rejects"):
                if self._rejects is None:
                    self._rejects = self._open_rejects(rejects[0])
                self._rejects.write(self._encoder.encode(rejects))
        self._append(rows)
        self.scored = scored

    def finish(self) -> None:
        """Write what needs the last row, such as the footer of a sealed format."""
        if self._spool:
            with self._spool, translated_write_errors(self._name):
                self._spool.seek(0)
                self._table_encoder.seal(self._spool, self._stream)

    def discard(self) -> None:
        """Drop the rows that wait to be sealed."""
        if self._spool:
            self._spool.close()

    def _append(self, data: Written) -> None:
        with translated_write_errors(self._name):
            (self._spool or self._stream).write(data)
