"""Logging started: the log of a command, which begins with what was ignored in the environment."""

import logging

from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings, ignored_variables

log = logging.getLogger(__name__)


def start_logging(settings: Settings) -> None:
    """Send what every library logs through one formatter, and log once what was ignored in the environment."""
    configure_logs(settings)
    if ignored := ignored_variables():
        log.info("ignored in the environment, as Kubernetes' variables of a Service: %s", ", ".join(ignored))
