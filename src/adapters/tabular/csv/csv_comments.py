"""Comments between the rows of a CSV text: lines in which quotes and escapes mean nothing."""

import re

from foreseen.adapters.tabular.csv.csv_special_characters import Signs, quoted_cells


def without_signs_in_comments(text: bytes, signs: Signs, comment: bytes) -> bytes:
    """Return a text of the same length in which no line that is a comment has a quote or an escape.

    It takes linear time, although a block may have a comment, or what looks like one, on each line.
    """
    special = signs.quote + signs.escape
    if not any(sign in text for sign in (signs.quote, signs.escape) if sign):
        return text
    line = re.compile(rb"(?:\A|(?<=[\r\n]))" + re.escape(comment) + rb"[^\r\n]*")
    sign = re.compile(b"[" + re.escape(special) + b"]")
    # At `known` no cell in quotes, and no escape, is open.
    parts, known, done = [], 0, 0
    for found in line.finditer(text):
        start, end = found.span()
        if start < known or not sign.search(text, start, end):
            continue
        before = signs.unescaped(text[known:start])
        if quoted_cells(before, signs).open_at is not None:
            known = _end_of_cell(text, signs, start)
        elif before and not before.endswith((b"\r", b"\n")):  # the line end is escaped, and the row goes on
            known = start
        else:
            parts += [text[done:start], sign.sub(b"x", found[0])]
            known = done = end
    return b"".join([*parts, text[done:]])


def _end_of_cell(text: bytes, signs: Signs, within: int) -> int:
    """Return where the cell in quotes around `within` ends; the end of the text if it is not closed."""
    quote, escape = re.escape(signs.quote), re.escape(signs.escape)
    pair = quote + quote + (b"|" + escape + rb"[\s\S]" if escape else b"")
    for found in re.compile(b"(?:" + pair + b")|(" + quote + b")").finditer(text, within):
        if found[1] is not None:
            return found.end()
    return len(text)
