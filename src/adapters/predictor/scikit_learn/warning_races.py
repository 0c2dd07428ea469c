"""Warning races: a warning that scikit-learn emits by chance if several threads of a process call a model."""

import logging
from typing import Final

from foreseen.process.log_setup import filter_warnings

_SAID: Final = "`sklearn.utils.parallel.delayed` should be used with"
"""The beginning of the warning. Each call removes the warning filters for a moment.

All threads share them, and a call that finds none assumes that its caller did not pass them on.

Source:
    sklearn.utils.parallel._FuncWrapper, scikit-learn 1.8 and later.
"""


def ignore_warning_races() -> None:
    """Keep that warning out of the log; no answer depends on it."""
    filter_warnings(_is_no_race)


def _is_no_race(record: logging.LogRecord) -> bool:
    return _SAID not in record.getMessage()
