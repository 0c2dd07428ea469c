"""StreamSink: results that are written as they come, to a stream that cannot be taken up again."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from foreseen.adapters.spool.whole_file import translated_write_errors
from foreseen.domain.table import Reject, RejectsEncoder, Scored


class StreamSink:
    """Writes rows to a stream, and rejects to another that is opened when the first of them comes."""

    def __init__(
        self,
        stream: BinaryIO,
        open_rejects: Callable[[Reject], BinaryIO],
        *,
        name: str,
        begin: bytes,
        rejects_encoder: RejectsEncoder,
    ) -> None:
        """Take what stands before the first row; `name` stands for the stream in errors.

        Raises:
            TableError: the stream cannot be written.
        """
        self.scored = Scored()
        self._stream = stream
        self._open_rejects = open_rejects
        self._rejects: BinaryIO | None = None
        self._name = name
        self._encoder = rejects_encoder
        self._append(begin)

    def write(self, rows: bytes, rejects: Sequence[Reject], scored: Scored) -> None:
        """Write them at once."""
        self._append(rows)
        if rejects:
            with translated_write_errors("rejects"):
                if self._rejects is None:
                    self._rejects = self._open_rejects(rejects[0])
                self._rejects.write(self._encoder.encode(rejects))
        self.scored = scored

    def _append(self, data: bytes) -> None:
        with translated_write_errors(self._name):
            self._stream.write(data)
