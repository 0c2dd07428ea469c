"""RunProgress: the rows scored so far, including pieces of unfinished chunks."""

from collections.abc import Callable

from foreseen.domain.tables.table import Piece, Scored


class RunProgress:
    """Shows rows as they are answered, not only once their chunk is written."""

    def __init__(self, show: Callable[[Scored], None], scored: Scored) -> None:
        """Accept a callback that shows the rows, and the rows scored before."""
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
        """Count a written chunk in place of its pieces."""
        self._scored = scored
        self._pieces = {chunk: rows for chunk, rows in self._pieces.items() if chunk >= scored.chunks}
        self._show_now()

    def _show_now(self) -> None:
        before, pieces = self._scored, self._pieces.values()
        rows, rejected = (sum(counts) for counts in zip(*pieces, strict=True)) if pieces else (0, 0)
        self._show(Scored(before.chunks, before.rows + rows, before.rejected + rejected))
