"""Lines for the operator on standard error, as text for people or, where logs are JSON, as JSON."""

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, Final, TextIO

from foreseen.entrypoints.log_stream import LogStream, log_stream
from foreseen.entrypoints.one_line import one_line

_FLAG: Final = "--log-format"
_VARIABLE: Final = "FORESEEN_LOG_FORMAT"


class JsonStream(logging.StreamHandler[TextIO | LogStream]):
    """A handler whose lines are JSON."""


def write_line(said: str, *, level: str = "error", **fields: Any) -> None:
    """Write one line.

    Args:
        level: of the line, where it is JSON.
        fields: what a program reads beside it, where it is JSON.
    """
    line = f"{text_of(said, level=level, **fields)}\n"
    print(line, end="", file=log_stream() or sys.stderr)


def text_of(said: str, *, level: str = "error", **fields: Any) -> str:
    """Return what `write_line` writes, without the end of the line."""
    if not lines_are_json():
        return f"foreseen: {one_line(said)}"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"event": said, **fields, "level": level, "logger": "foreseen", "timestamp": now}
    return json.dumps(line)  # in ASCII: U+2028 ends a line for some readers


def lines_are_json() -> bool:
    """Return whether lines are JSON: as logs are, or before these are set up, as they were chosen."""
    handlers = logging.getLogger().handlers
    if handlers:
        return any(isinstance(handler, JsonStream) for handler in handlers)
    return _is_json_chosen(sys.argv[1:], os.environ)


def _is_json_chosen(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Look for the format where the settings are wrong, or not read yet; a file of settings is not looked into."""
    chosen = environment.get(_VARIABLE, "")
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word == _FLAG:
            chosen = after
        elif word.startswith(f"{_FLAG}="):
            chosen = word.partition("=")[2]
    return chosen == "json"
