"""On which line of a file each row begins, the rows set aside while parsing included."""

from collections import deque

import numpy as np
import numpy.typing as npt

from foreseen.domain.table import Reject

Counts = npt.NDArray[np.int64]


class LineNumbers:
    """Counts rows and lines together: a row takes one line, and one more for each newline within its quotes."""

    def __init__(self, source: str, first_line: int) -> None:
        """Take the name of the file, and the line that the first row begins on, from 1."""
        self._source = source
        self._row = 1
        self._line = first_line
        self._aside: deque[tuple[int, str, str]] = deque()

    @property
    def line(self) -> int:
        """The line that the next row begins on."""
        return self._line

    def set_aside(self, row: int, text: str, reason: str) -> None:
        """Note a row that the parser skips, by its number in the file, from 1."""
        self._aside.append((row, text, reason))

    def place(self, count: int, newlines: Counts | None) -> tuple[Counts, list[Reject]]:
        """Give the lines of the next rows, by how many newlines each holds, and the rows set aside among them.

        Args:
            newlines: None where there are none in any.
        """
        lines: list[Counts] = []
        rejects: list[Reject] = []
        done = 0
        while done < count:
            rejects += self._passed()
            until = min(count, done + self._aside[0][0] - self._row) if self._aside else count
            lines.append(self._advanced(until - done, None if newlines is None else newlines[done:until]))
            done = until
        return lines[0] if len(lines) == 1 else np.concatenate([np.zeros(0, dtype=np.int64), *lines]), rejects

    def rest(self) -> list[Reject]:
        """Give the rows set aside after the last."""
        return self._passed()

    def _passed(self) -> list[Reject]:
        rejects = []
        while self._aside and self._aside[0][0] == self._row:
            _, text, reason = self._aside.popleft()
            rejects.append(Reject(self._source, self._line, "", reason, text))
            self._row += 1
            self._line += 1 + text.count("\n")
        return rejects

    def _advanced(self, count: int, newlines: Counts | None) -> Counts:
        """Go on over rows that follow one another, and give their lines."""
        lines = np.arange(self._line, self._line + count, dtype=np.int64)
        within = 0
        if newlines is not None:
            ends = np.cumsum(newlines)
            lines[1:] += ends[:-1]
            within = int(ends[-1])
        self._row += count
        self._line += count + within
        return lines
