"""Logs: one line per event on standard error, as text for people or JSON for machines.

No value can forge a line of its own: text is escaped here, and JSON is in ASCII, in which line breaks are escapes.
"""

import logging
import sys
from typing import TYPE_CHECKING, Final, cast

import structlog

from foreseen.entrypoints.log_context import with_current
from foreseen.entrypoints.log_stream import LogStream
from foreseen.entrypoints.one_line import one_line, quoted_lines
from foreseen.entrypoints.operator_lines import JsonStream
from foreseen.process.log_setup import send_logs_to
from foreseen.settings import Settings

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_PLAIN: Final = structlog.dev.plain_traceback
"""structlog's default shows local variables in tracebacks, secrets among them, and can take seconds to format one."""

_IN_LINES: Final = ("exception", "stack")

_TALKATIVE: Final = ("uvicorn", "aiobotocore", "botocore")
"""Libraries that log each start, stop and setting at "info"; an operator needs only their warnings and errors."""


def configure_logs(settings: Settings, stream: LogStream | None = None) -> None:
    """Send what every library logs through one formatter, to a log stream or directly to standard error."""
    shared: list[Processor] = [
        with_current,
        _with_traceback_of_elsewhere,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = settings.log_format == "json"
    last: list[Processor] = (
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
    send_logs_to(handler, level=settings.log_level.upper(), quiet=_TALKATIVE)


def _with_traceback_of_elsewhere(_: object, __: str, event: "EventDict") -> "EventDict":
    """Add the traceback of a record from another process, which has it as text alone."""
    record = cast("logging.LogRecord", event["_record"])
    if record.exc_text and not record.exc_info:
        event["exception"] = record.exc_text
    return event


def _in_plain_text(_: object, __: str, event: "EventDict") -> "EventDict":
    """Escape line breaks and control characters; a traceback keeps its lines, each with a mark."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = quoted_lines(value) if name in _IN_LINES else one_line(value.rstrip())
    return event
