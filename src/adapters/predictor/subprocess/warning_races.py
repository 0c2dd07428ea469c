"""Warning races: what scikit-learn warns of by chance where several threads of a process call a model."""

import logging
from typing import Final

_SAID: Final = "`sklearn.utils.parallel.delayed` should be used with"
"""How the warning begins: each of its calls takes the filters of warnings away for a moment.

All threads share them. A call that finds none then assumes that its caller did not hand them over.

Source:
    sklearn.utils.parallel._FuncWrapper, scikit-learn 1.8 and later.
"""


def ignore_warning_races() -> None:
    """Keep that warning out of the log, for a process that calls its model side by side; no answer depends on it."""
    logging.getLogger("py.warnings").addFilter(_is_no_race)


def _is_no_race(record: logging.LogRecord) -> bool:
    return _SAID not in record.getMessage()
