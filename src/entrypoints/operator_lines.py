"""Lines for the operator on standard error, as text for people or, where logs are JSON, as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from foreseen.entrypoints.log_format import json_is_chosen
from foreseen.entrypoints.log_stream import LogStream, log_stream
from foreseen.entrypoints.one_line import one_line


class JsonStream(logging.StreamHandler[TextIO | LogStream]):
    """A handler whose lines are JSON."""


def write_line(said: str, *, level: str = "error", **fields: object) -> None:
    """Write one line to the log stream, or to standard error.

    Args:
        level: level of the line; in JSON only.
        fields: further fields of the line; in JSON only.
    """
    line = f"{text_of(said, level=level, **fields)}\n"
    print(line, end="", file=log_stream() or sys.stderr)


def text_of(said: str, *, level: str = "error", **fields: object) -> str:
    """Return the line that `write_line` writes, without its line break."""
    if not lines_are_json():
        return f"foreseen: {one_line(said)}"
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"event": said, **fields, "level": level, "logger": "foreseen", "timestamp": now}
    return json.dumps(line)  # in ASCII: U+2028 ends a line for some readers


def lines_are_json() -> bool:
    """Return whether lines are JSON: by the log's handlers, or by the chosen format before there are any."""
    handlers = logging.getLogger().handlers
    if handlers:
        return any(isinstance(handler, JsonStream) for handler in handlers)
    return json_is_chosen()
