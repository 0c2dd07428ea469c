"""Loading: loads a model in the background while the current one serves."""

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
"""Most seconds for a model to load and to answer once; meanwhile no other can be loaded."""

Built = TypeVar("Built")


class Loading(Generic[Built]):
    """Loads the model of some settings again, on a daemon thread.

    A thread of the event loop's pool would not do: a closing loop waits for those, and a load may hang.
    """

    def __init__(self, settings: Settings, build: Callable[[ServedModel], Built]) -> None:
        """Accept the settings, and a function that waits for the model and builds the result; called on the thread."""
        self._settings = settings
        self._build = build
        self._new: ServedModel | None = None
        self._is_given_up = False
        self._loop = asyncio.get_running_loop()
        self._result: asyncio.Future[Built] = self._loop.create_future()

    async def result(self) -> Built:
        """Load the model, and return what was built from it.

        Raises:
            ModelUnavailableError, PredictionError: the model does not load or answer, or `give_up` was called.
        """
        try:
            Thread(target=self._load, name="model loads", daemon=True).start()
        except RuntimeError as exc:  # this process may have no more threads, or no memory for one
            raise ModelUnavailableError(f"expected a thread to load the model: {exc}") from exc
        limit = self._loop.call_later(LIMIT_S, self.give_up, f"expected the model to load within {LIMIT_S:g} s")
        try:
            return await self._result
        finally:
            limit.cancel()

    def give_up(self, reason: str) -> None:
        """Let `result` raise ModelUnavailableError now, and kill the loading process; called on the event loop."""
        if not self._result.done():
            self._result.set_exception(ModelUnavailableError(f"the new model was abandoned: {reason}"))
        self.kill()

    def kill(self) -> None:
        """Kill the loading process, from any thread. A load in this process goes on, and its result is ignored."""
        self._is_given_up = True  # set before `_new` is read; `_load` sets `_new` before it reads this
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
        with suppress(RuntimeError):  # the loop is closed, so nothing waits any more
            self._loop.call_soon_threadsafe(callback, what)

    def _succeed(self, built: Built) -> None:
        if not self._result.done():
            self._result.set_result(built)

    def _fail(self, error: BaseException) -> None:
        if not self._result.done():
            self._result.set_exception(error)
