"""RunProgress: how far a run has come, pieces of chunks included that are not through."""

from collections.abc import Callable

from foreseen.domain.tables.table import Piece, Scored


class RunProgress:
    """Shows rows as they are answered, and not only when their chunk is written."""

    def __init__(self, show: Callable[[Scored], None], scored: Scored) -> None:
        """Accept what shows it, and what was scored before."""
        self._show = show
        self._scored = scored
        self._pieces: dict[int, tuple[int, int]] = {}

    def add(self, piece: Piece) -> None:
        """Count the rows of a piece."""
        answered, failed = self._pieces.get(piece.chunk, (0, 0))
        count = len(piece.failed)
        self._pieces[piece.chunk] = answered + piece.end - piece.start - count, failed + count
        self._show_now()

    def reach(self, scored: Scored) -> None:
        """Count a chunk that is written, in place of its pieces."""
        self._scored = scored
        self._pieces = {chunk: rows for chunk, rows in self._pieces.items() if chunk >= scored.chunks}
        self._show_now()

    def _show_now(self) -> None:
        before, pieces = self._scored, self._pieces.values()
        rows, rejected = (sum(counts) for counts in zip(*pieces, strict=True)) if pieces else (0, 0)
        self._show(Scored(before.chunks, before.rows + rows, before.rejected + rejected))
