"""Logs: one line an event on standard error, as text for people or JSON for machines."""

import logging
import sys
from typing import Any, Final

import structlog

from foreseen.entrypoints.operator_lines import JsonStream
from foreseen.settings import Settings

_PLAIN: Final = structlog.dev.plain_traceback
"""Otherwise a traceback shows local variables, secrets among them, and takes as long as seconds to lay out."""

_TALKATIVE: Final = ("uvicorn", "aiobotocore", "botocore")
"""Libraries that log each start, stop and setting found at "info"; their errors are what an operator needs."""


def configure_logs(settings: Settings) -> None:
    """Send what every library logs through one formatter."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = settings.log_format == "json"
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if is_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=_PLAIN)]
    )
    handler = JsonStream(sys.stderr) if is_json else logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
