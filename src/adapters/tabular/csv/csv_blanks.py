"""Blanks between a delimiter and a quote, which are removed so that the quote counts as one."""

import re

from foreseen.adapters.tabular.csv.csv_special_characters import Signs, closing_quote


def without_blanks_at_quotes(text: bytes, signs: Signs) -> bytes:
    """Return a text that begins with a row without the blanks around its cells in quotes."""
    blanks = b" \t".replace(signs.delimiter, b"")
    edge, blank, quote = (re.escape(each) for each in (signs.edges, blanks, signs.quote))
    if not signs.quote or not re.search(
        rb"(?:\A|[%b])[%b]+%b|%b[%b]+[%b]" % (edge, blank, quote, quote, blank, edge), text
    ):
        return text
    parts, done = [], 0
    at = text.find(signs.quote)
    while at >= 0:
        start = at
        while start > done and text[start - 1] in blanks:
            start -= 1
        if start and text[start - 1] not in signs.edges:
            at = text.find(signs.quote, at + 1)
            continue
        end = closing_quote(text, signs.quote, at + 1)
        if end < 0:
            break
        behind = end + 1
        while behind < len(text) and text[behind] in blanks:
            behind += 1
        parts += [text[done:start], text[at : end + 1]]
        done = behind if behind < len(text) and text[behind] in signs.edges else end + 1
        at = text.find(signs.quote, done)
    return b"".join([*parts, text[done:]])
