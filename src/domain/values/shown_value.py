"""What an error shows of a value that was sent: a readable beginning, whatever its size."""

import json
from collections.abc import Iterator
from typing import Final

_LENGTH: Final = 60
_NAME_LENGTH: Final = 1_000
_json_text: Final = json.JSONEncoder(ensure_ascii=False).encode


def shown(value: object) -> str:
    """Return a value as JSON would write it, cut to a readable length.

    Only what is shown is encoded: a value of megabytes costs no more than a short one.
    """
    if value == "":
        return "nothing"
    if isinstance(value, str) and len(value) < _LENGTH and value.isascii():  # as millions of rejected cells are
        return _cut(_json_text(value))
    text = ""
    for part in _parts(value):
        text += part.encode(errors="backslashreplace").decode()  # half of a surrogate pair cannot be written
        if len(text) > _LENGTH:
            break
    return _cut(text)


def shown_name(name: str) -> str:
    """Return the name of a field that was sent, cut to a length that no feature's name has; an empty one as `""`."""
    if not name:
        return '""'
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…"


def _cut(text: str) -> str:
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"


def _parts(value: object) -> Iterator[str]:
    """Yield the JSON text of a value piece by piece, each piece of a bounded length."""
    if isinstance(value, str):
        yield _json_text(value[:_LENGTH])
    elif isinstance(value, dict):
        yield "{"
        for place, (name, inner) in enumerate(value.items()):
            yield from (", " if place else "", _json_text(str(name)[:_LENGTH]), ": ")
            yield from _parts(inner)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for place, inner in enumerate(value):
            yield ", " if place else ""
            yield from _parts(inner)
        yield "]"
    else:
        yield _plain(value)


def _plain(value: object) -> str:
    try:
        return _json_text(value)
    except (TypeError, ValueError):
        return f"an integer of {value.bit_length():,} bits" if isinstance(value, int) else repr(value)
