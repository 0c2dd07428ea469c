"""One line of CSV as its cells: names of columns, or a single row.

Python's `csv` is not used: its maximum cell length is one setting for the process, which libraries and models change.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from foreseen.adapters.tabular.csv.csv_special_characters import Signs

PLAIN: Final = Signs(b",", b'"')


def cells_of(line: str, signs: Signs = PLAIN) -> list[str]:
    """Return the cells of a line; a quote that is not closed ends with the line."""
    line = line.removesuffix("\n").removesuffix("\r")
    delimiter, quote, escape = signs.delimiter.decode(), signs.quote.decode(), signs.escape.decode()
    if not (quote and quote in line) and not (escape and escape in line):
        return line.split(delimiter)
    return list(_cells(line, delimiter, quote, escape))


def _cells(line: str, delimiter: str, quote: str, escape: str) -> Iterator[str]:
    form, special = _forms(delimiter, quote, escape)
    for found in form.finditer(line):
        within, behind, ends_in = found.groups()
        text = "" if within is None else within.replace(quote * 2, quote)
        yield special.sub(r"\1", text + behind) if escape else text + behind
        if not ends_in:
            return


@lru_cache
def _forms(delimiter: str, quote: str, escape: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a cell with its delimiter, and of an escape with the character behind it."""
    d, q, e = map(re.escape, (delimiter, quote, escape))
    escaped = rf"|{e}[\s\S]?" if escape else ""
    within = rf"(?:{q}((?:[^{q}{e}]++|{q}{q}{escaped})*+){q}?)?" if quote else "()"
    cell = rf"{within}((?:[^{d}{e}]++{escaped})*+)({d}|\Z)"
    return re.compile(cell), re.compile(rf"{e}([{d}{q}{e}\r\n])")
