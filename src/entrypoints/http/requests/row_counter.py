"""RowCounter: limits the instances and values of a JSON body while it arrives."""

import re
from typing import Final

from foreseen.entrypoints.http.requests.request_body import CLOSING, too_many
from foreseen.entrypoints.http.responses.problems import Rejection

_STRUCTURE: Final = re.compile(rb'["\\{}\[\],]')


class RowCounter:
    """Counts the elements of lists in the object of a body, and all values, while its parts arrive, without parsing.

    A body that is too short for too many instances is not scanned: an instance takes at least two bytes, `0,`.
    """

    def __init__(self, max_rows: int, max_values: int) -> None:
        """Accept the most instances and the most values of a body."""
        self._max_rows = max_rows
        self._max_values = max_values
        self._early = bytearray()
        self._seen = 0
        self._depth = 0
        self._rows = 0
        self._values = 0
        self._in_string = False
        self._escapes = False

    def feed(self, part: bytes) -> None:
        """Scan the next part; raise Rejection (413) once the body holds too many instances or values."""
        self._seen += len(part)
        if self._seen <= 2 * self._max_rows:
            self._early += part
            return
        if self._early:
            part, self._early = bytes(self._early) + part, bytearray()
        self._count(part)
        if self._rows >= self._max_rows:
            raise too_many(self._max_rows)
        if self._values >= self._max_values:
            raise _too_many_values(self._max_values)

    def _count(self, part: bytes) -> None:
        skip = -1
        if self._escapes and part:  # the part before ended in a backslash
            skip, self._escapes = 0, False
        for match in _STRUCTURE.finditer(part):
            at = match.start()
            if at == skip:
                continue
            sign = part[at]
            if self._in_string:
                if sign == 0x5C:  # a backslash: whatever follows it does not end the string
                    skip = at + 1
                    self._escapes = skip == len(part)
                elif sign == 0x22:
                    self._in_string = False
            elif sign == 0x22:
                self._in_string = True
            elif sign in b"{[":
                self._depth += 1
            elif sign in b"}]":
                self._depth -= 1
            elif sign == 0x2C:
                self._values += 1
                self._rows += self._depth == 2  # between the elements of {"instances": […]}


def _too_many_values(max_values: int) -> Rejection:
    detail = f"expected at most {max_values} values in one request (as many as max_rows instances have), got more"
    return Rejection(413, "too-many-values", "Too many values", detail, CLOSING)
