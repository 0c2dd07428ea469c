"""RejectLimit: a sink that stops a run in which too many rows cannot be scored."""

from collections.abc import Sequence

from foreseen.domain.errors import TooManyRejectsError
from foreseen.domain.tables.table import Reject, Scored, Sink, Written


class RejectLimit:
    """A Sink around a Sink. Rejects beyond the limit are written too, so that they can be examined."""

    def __init__(self, sink: Sink, most: int) -> None:
        """Accept the sink, and the largest number of rejects.

        Raises:
            TooManyRejectsError: the sink contains more already.
        """
        self._sink = sink
        self._most = most
        if self.scored.rejected > most:
            raise TooManyRejectsError(
                f"expected at most {most:,} rejected rows (max-rejects), got {self.scored.rejected:,}"
            )

    @property
    def scored(self) -> Scored:
        """What the sink contains already."""
        return self._sink.scored

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        """Write, and raise TooManyRejectsError if there are more rejects than that now."""
        self._sink.write(rows, rejects, scored)
        if rejects and scored.rejected > self._most:
            one = rejects[max(0, self._most - (scored.rejected - len(rejects)))]
            column = f", column {one.column}" if one.column else ""
            place = f"{one.source}, line {one.line}{column}: {one.reason}"
            raise TooManyRejectsError(f"rejected more than {self._most:,} rows (max-rejects), the last: {place}")
