"""The log of a command, which begins with the environment variables that were ignored."""

import logging

from foreseen.entrypoints.log_stream import LogStream
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings, ignored_variables

log = logging.getLogger(__name__)


def start_logging(settings: Settings, stream: LogStream | None = None) -> None:
    """Send what every library logs through one formatter, and log which environment variables were ignored.

    Args:
        stream: writes standard error from a thread, so that nothing waits for that; None for standard error itself.
    """
    configure_logs(settings, stream)
    if ignored := ignored_variables():
        log.info("ignored in the environment, as Kubernetes' variables of a Service: %s", ", ".join(ignored))
