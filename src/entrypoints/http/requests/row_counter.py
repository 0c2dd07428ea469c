"""RowCounter: limits the instances and values of a JSON body while it arrives."""

import re
from typing import Final

from foreseen.entrypoints.http.requests.request_body import CLOSING, too_many
from foreseen.entrypoints.http.responses.problems import Rejection

_STRUCTURE: Final = re.compile(rb'["\\{}\[\],]')


class RowCounter:
    """Counts the elements of lists in the object of a body, and all values, while its parts arrive, without parsing.

    The instances are the elements of a list in that object; or, if the object that holds them may be within it, also
    those of each list in that one.

    A body that is too short for too many instances is not scanned: an instance takes at least two bytes, `0,`.
    """

    def __init__(self, max_rows: int, max_values: int, *, has_tables: bool = False) -> None:
        """Accept the most instances and the most values of a body.

        Args:
            has_tables: whether the instances may be in an object of lists, as {"inputs": {"a": […], "b": […]}}.
        """
        self._max_rows = max_rows
        self._max_values = max_values
        self._early = bytearray()
        self._seen = 0
        self._depth = 0
        self._rows = 0
        self._most_rows = 0
        self._has_tables = has_tables
        self._row_depth = 2
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
        if max(self._rows, self._most_rows) >= self._max_rows:
            raise too_many(self._max_rows)
        if self._values >= self._max_values:
            raise too_many_values(self._max_values)

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
                if self._has_tables:
                    self._begin_list(sign)
            elif sign in b"}]":
                self._depth -= 1
            elif sign == 0x2C:
                self._values += 1
                self._rows += self._depth == self._row_depth  # between the elements of {"instances": […]}

    def _begin_list(self, sign: int) -> None:
        """Begin to count the elements of a list that may be one of instances, or one of several columns of them."""
        if self._depth == 2:
            self._row_depth = 3 if sign == 0x7B else 2
        if self._depth == self._row_depth:
            self._most_rows, self._rows = max(self._most_rows, self._rows), 0


def too_many_values(max_values: int) -> Rejection:
    """Return the rejection of a request with too many values (413)."""
    detail = f"expected at most {max_values} values in one request (as many as max_rows instances have), got more"
    return Rejection(413, "too-many-values", "Too many values", detail, CLOSING)
