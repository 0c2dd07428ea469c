"""Logs: one line an event on standard error, as text for people or JSON for machines.

No value in a line can forge another one: text is escaped here, and JSON is in ASCII, where a line break of any kind is
an escape.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from foreseen.entrypoints.log_context import with_current
from foreseen.entrypoints.log_stream import LogStream
from foreseen.entrypoints.one_line import one_line, quoted_lines
from foreseen.entrypoints.operator_lines import JsonStream
from foreseen.settings import Settings

_PLAIN: Final = structlog.dev.plain_traceback
"""Otherwise a traceback shows local variables, secrets among them, and takes as long as seconds to lay out."""

_IN_LINES: Final = ("exception", "stack")

_TALKATIVE: Final = ("uvicorn", "aiobotocore", "botocore")
"""Libraries that log each start, stop and setting found at "info"; their errors are what an operator needs."""


def configure_logs(settings: Settings, stream: LogStream | None = None) -> None:
    """Send what every library logs through one formatter, to standard error or what writes that."""
    shared: list[Any] = [
        with_current,
        _with_traceback_of_elsewhere,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = settings.log_format == "json"
    last: list[Any] = (
        [structlog.processors.JSONRenderer()]
        if is_json
        else [
            _in_plain_text,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=_PLAIN),
        ]
    )
    where = stream or sys.stderr
    handler = JsonStream(where) if is_json else logging.StreamHandler(where)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _with_traceback_of_elsewhere(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the traceback that a record has as text alone: it was written in another process."""
    record: logging.LogRecord = event["_record"]
    if record.exc_text and not record.exc_info:
        event["exception"] = record.exc_text
    return event


def _in_plain_text(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape what would break a line or its reading; a traceback stays in lines of its own, each marked as one."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = quoted_lines(value) if name in _IN_LINES else one_line(value.rstrip())
    return event
