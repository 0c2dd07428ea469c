"""CSV in the body of a request: the cells of its rows."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from foreseen.entrypoints.http.responses.problems import Rejection

# Possessive quantifiers: otherwise a quotation mark that is never closed would be looked for again from each place.
_CELL: Final = re.compile(r'(?:"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"|(?P<plain>[^",\r\n]*+))(?P<end>,|\r\n|\n|\r|\Z)')


def csv_rows(text: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each row; blank lines are left out, as pandas does. `""` alone in a line is an empty cell.

    Raises:
        Rejection: a quotation mark is within a cell that does not begin with one, or is not closed (400).

    Source:
        RFC 4180, section 2; a line may also end in LF or CR.
    """
    row: list[str] = []
    at = 0
    is_open = False
    while at < len(text) or is_open:
        found = _CELL.match(text, at)
        if found is None:
            raise _misquoted(text, at)
        quoted, at = found["quoted"], found.end()
        is_open = found["end"] == ","
        row.append(found["plain"] if quoted is None else quoted.replace('""', '"'))
        if is_open:
            continue
        if len(row) > 1 or row[0] or quoted is not None:
            yield row
        row = []


def _misquoted(text: str, at: int) -> Rejection:
    line = len(re.findall(r"\r\n|\n|\r", text[:at])) + 1
    expected = "cells whose quotation marks are around the whole cell, doubled within it and closed"
    return not_csv(f"{expected}, got another in line {line}")


def not_csv(detail: str) -> Rejection:
    """Return the rejection of a body that is not CSV (400), with what was expected."""
    return Rejection(400, "malformed", "The body is not CSV", f"expected {detail}")
