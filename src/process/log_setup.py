"""Log set-up: the one module that decides where the log of a process goes, for every process of ours."""

import logging
from collections.abc import Callable, Iterable


def send_logs_to(handler: logging.Handler, *, level: int | str, quiet: Iterable[str] = ()) -> None:
    """Send what every library logs to one handler, and warnings as well.

    Args:
        level: the lowest level that is logged, by number or name in upper case.
        quiet: loggers of which only warnings and errors are logged.
    """
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in quiet:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def filter_warnings(is_kept: Callable[[logging.LogRecord], bool]) -> None:
    """Log only the warnings of Python for which `is_kept` returns True."""
    logging.getLogger("py.warnings").addFilter(is_kept)
