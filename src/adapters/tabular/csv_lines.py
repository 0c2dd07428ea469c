"""On which line of a file each row begins, the rows set aside while parsing included."""

from collections import deque
from collections.abc import Sequence

from foreseen.domain.table import Reject


class LineNumbers:
    """Counts rows and lines together: a row takes one line, and one more for each newline within its quotes."""

    def __init__(self, source: str, first_line: int) -> None:
        """Take the name of the file, and the line that the first row begins on, from 1."""
        self._source = source
        self._row = 1
        self._line = first_line
        self._aside: deque[tuple[int, str, str]] = deque()

    def set_aside(self, row: int, text: str, reason: str) -> None:
        """Note a row that the parser skips, by its number in the file, from 1."""
        self._aside.append((row, text, reason))

    def place(self, newlines: Sequence[int]) -> tuple[list[int], list[Reject]]:
        """Give the lines of the next rows, by how many newlines each holds, and the rows set aside among them."""
        lines: list[int] = []
        rejects: list[Reject] = []
        for within in newlines:
            rejects += self._passed()
            lines.append(self._line)
            self._advance(within)
        return lines, rejects

    def rest(self) -> list[Reject]:
        """Give the rows set aside after the last."""
        return self._passed()

    def _passed(self) -> list[Reject]:
        rejects = []
        while self._aside and self._aside[0][0] == self._row:
            _, text, reason = self._aside.popleft()
            rejects.append(Reject(self._source, self._line, "", reason, text))
            self._advance(text.count("\n"))
        return rejects

    def _advance(self, within: int) -> None:
        self._row += 1
        self._line += 1 + within
