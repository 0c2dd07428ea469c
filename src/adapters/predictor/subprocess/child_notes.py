"""ChildNotes: accepts what a child sends between answers: log lines, and checks of the model's engine."""

import logging

from foreseen.adapters.predictor.subprocess.pipe import LogLine
from foreseen.domain.model.engine_switch import EngineCheck, EngineSwitch


class ChildNotes:
    """Logs the log lines of a child, and counts its checks.

    Attributes:
        switch: whether the model's engine is still used.
        checks_under_way: comparisons of the engine with the library whose results have not arrived.
    """

    def __init__(self, switch: EngineSwitch) -> None:
        self.switch = switch
        self.checks_under_way = 0

    def accept(self, message: object) -> bool:
        """Log or count a message, and return True; return False for anything else, such as an answer."""
        if isinstance(message, LogLine):
            _log(message)
            return True
        if isinstance(message, EngineCheck):
            self.checks_under_way += -1 if message.is_over else 1
            self.switch.count(message)
            return True
        return False


def _log(line: LogLine) -> None:
    logger = logging.getLogger(line.logger)
    if logger.isEnabledFor(line.level):
        logger.handle(line.record())
