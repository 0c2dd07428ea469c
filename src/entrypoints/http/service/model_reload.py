"""Loading: a model loaded in the background, beside the one that serves."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Final, Generic, TypeVar

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text
from foreseen.settings import Settings
from foreseen.wiring.predictors import ServedModel

log = logging.getLogger(__name__)

LIMIT_S: Final = 600.0
"""Seconds for a model to load and to answer once; meanwhile the old one serves, and no other can be loaded."""

Built = TypeVar("Built")


class Loading(Generic[Built]):
    """Loads the model of some settings again, on a daemon thread.

    The event loop waits for threads of its own pool when it is closed: a load that hangs would keep the process.
    """

    def __init__(self, settings: Settings, build: Callable[[ServedModel], Built]) -> None:
        """Accept what waits until the model is loaded, and builds what is wanted of it; off the event loop."""
        self._settings = settings
        self._build = build
        self._new: ServedModel | None = None
        self._is_given_up = False
        self._loop = asyncio.get_running_loop()
        self._result: asyncio.Future[Built] = self._loop.create_future()

    async def result(self) -> Built:
        """Load it.

        Raises:
            ModelUnavailableError, PredictionError: it does not load or does not answer, or it was given up.
        """
        try:
            Thread(target=self._load, name="model loads", daemon=True).start()
        except RuntimeError as exc:  # this process may have no more threads, or no memory for one
            raise ModelUnavailableError(f"expected a thread to load the model: {exc}") from exc
        limit = self._loop.call_later(LIMIT_S, self.give_up, f"expected it to load within {LIMIT_S:g} s, it did not")
        try:
            return await self._result
        finally:
            limit.cancel()

    def give_up(self, reason: str) -> None:
        """Fail who waits by ModelUnavailableError now, and kill what loads; called on the event loop."""
        if not self._result.done():
            self._result.set_exception(ModelUnavailableError(f"the new model was abandoned: {reason}"))
        self.kill()

    def kill(self) -> None:
        """Kill the process that loads, from anywhere; a thread cannot be ended, and goes on for nothing."""
        self._is_given_up = True  # before the look: the other side sets, and looks, in the opposite order
        if self._new is not None:
            self._new.abandon()

    def _load(self) -> None:
        try:
            new = ServedModel(self._settings)
            self._new = new
            if self._is_given_up:
                new.abandon()
            built = self._build(new)
        except ForeseenError as exc:
            self._call_soon(self._fail, exc)
        except BaseException as exc:
            log.debug("the model could not be loaded", exc_info=True)
            self._call_soon(self._fail, ModelUnavailableError(f"expected the model to load: {failure_text(exc)}"))
        else:
            self._call_soon(self._succeed, built)

    def _call_soon(self, callback: Callable[..., None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, and with it every wait
            self._loop.call_soon_threadsafe(callback, what)

    def _succeed(self, built: Built) -> None:
        if not self._result.done():
            self._result.set_result(built)

    def _fail(self, error: BaseException) -> None:
        if not self._result.done():
            self._result.set_exception(error)
