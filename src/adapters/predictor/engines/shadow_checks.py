"""ShadowChecks: in service, the library computes some of the engine's answers again, and they are compared."""

import logging
from contextlib import suppress
from itertools import count
from threading import Thread
from typing import Final

from foreseen.domain.errors import InvalidBatchError, UnanswerableError
from foreseen.domain.model.engine_switch import EngineCheck, EngineSwitch
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions

log = logging.getLogger(__name__)

ONE_IN: Final = 1000
"""One call in 1000 is checked: the 3 ms of the library add 3 µs per call."""


class ShadowChecks:
    """Checks one call in `one_in` on a thread of its own, one at a time."""

    def __init__(self, library: Predictor, switch: EngineSwitch, *, one_in: int = ONE_IN) -> None:
        """Accept the library's predictor, and the switch that a difference turns off.

        Args:
            one_in: one call in this many is checked.
        """
        self._library = library
        self._switch = switch
        self._one_in = one_in
        self._calls = count(1)
        self._is_checking = False

    def consider(self, batch: Batch, answers: Predictions) -> None:
        """Count a call of the engine, and check it if it is due and no other check is running."""
        if next(self._calls) % self._one_in or self._is_checking:
            return
        self._is_checking = True
        self._switch.count(EngineCheck(is_over=False))
        with suppress(RuntimeError):  # no thread available: the next one is checked
            Thread(target=self._check, args=(batch, answers), name="engine check", daemon=True).start()
            return
        self._end("")

    def _check(self, batch: Batch, answers: Predictions) -> None:
        try:
            difference = self._difference(batch, answers)
        except Exception:  # a check that fails shows no difference
            log.exception("an answer of the engine could not be checked")
            difference = ""
        self._end(difference)

    def _end(self, difference: str) -> None:
        if difference:
            log.error("the library computes every answer from now on, since with the engine %s", difference)
        self._is_checking = False
        self._switch.count(EngineCheck(is_over=True, difference=difference))

    def _difference(self, batch: Batch, answers: Predictions) -> str:
        found = answers.encode().comparable
        try:
            expected = self._library.predict(batch).encode().comparable
        except (InvalidBatchError, UnanswerableError) as exc:  # not what may pass, such as a lack of memory
            return f"an instance was answered that the library rejects: {exc}"
        for body, right in zip(found, expected, strict=True):
            if body != right:
                return f"the answer {_cut(body)} differs from {_cut(right)}"
        return ""


def _cut(body: bytes) -> str:
    text = body.decode()
    return text if len(text) <= 200 else text[:199] + "…"
