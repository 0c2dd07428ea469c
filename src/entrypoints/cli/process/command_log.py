"""Logging started: the log of a command, which begins with what was ignored in the environment."""

import logging

from foreseen.entrypoints.log_stream import LogStream
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings, ignored_variables

log = logging.getLogger(__name__)


def start_logging(settings: Settings, stream: LogStream | None = None) -> None:
    """Send what every library logs through one formatter, and log once what was ignored in the environment.

    Args:
        stream: what writes standard error, so that nothing waits for that; standard error itself without.
    """
    configure_logs(settings, stream)
    if ignored := ignored_variables():
        log.info("ignored in the environment, as Kubernetes' variables of a Service: %s", ", ".join(ignored))
