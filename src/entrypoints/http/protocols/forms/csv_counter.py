"""CsvCounter: limits the rows and cells of a CSV body while it arrives."""

import re
from typing import Final

from foreseen.entrypoints.http.requests.request_body import too_many
from foreseen.entrypoints.http.requests.row_counter import too_many_values

_QUOTED: Final = re.compile(rb'"[^"]*"')
_BEGUN: Final = re.compile(rb"[\r\n][^\r\n]")


class CsvCounter:
    """Counts the lines that are not blank, and all cells, outside of quotation marks, without parsing."""

    def __init__(self, max_rows: int, max_values: int) -> None:
        """Accept the most rows after the head, and the most cells."""
        self._max_rows = max_rows
        self._max_values = max_values
        self._lines = 0
        self._cells = 0
        self._in_quotes = False
        self._last = b"\n"

    def feed(self, part: bytes) -> None:
        """Scan the next part; raise Rejection (413) once the body holds too many rows or cells."""
        if self._in_quotes:
            _, mark, part = part.partition(b'"')
            if not mark:
                return
            self._in_quotes = False
            part = b"q" + part
        part = _QUOTED.sub(b"q", part)
        part, mark, _ = part.partition(b'"')
        self._in_quotes = bool(mark)
        # The last byte comes first, since a line may begin with this part.
        part = self._last + part + (b"q" if mark else b"")
        self._last = part[-1:]
        begun = len(_BEGUN.findall(part))
        self._lines += begun
        self._cells += begun + part[1:].count(b",")
        if self._lines > self._max_rows + 1:
            raise too_many(self._max_rows)
        if self._cells > self._max_values:
            raise too_many_values(self._max_values)
