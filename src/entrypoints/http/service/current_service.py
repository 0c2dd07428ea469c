"""Front: what every request and signal comes to first; it holds the service around the current model."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.entrypoints.http.service.graceful_stop import stop_in_time
from foreseen.entrypoints.http.service.model_reload import Loading
from foreseen.entrypoints.startup_signals import reload_was_requested
from foreseen.wiring.predictors import ServedModel, abandon_model
from foreseen.wiring.retiring import give_up, retire
from foreseen.wiring.service import Service

log = logging.getLogger(__name__)

Result = TypeVar("Result")

DRAINED_EVERY_S: Final = 0.05
"""Seconds between looks at whether an old model's last request has ended."""

_STOPS: Final = "the service stops"
_TOO_LATE: Final = f"{_STOPS}, and the model has not answered in time (stop_timeout)"


class Served:
    """The application around one model, and how many requests it is answering."""

    def __init__(self, service: Service, app: ASGIApp) -> None:
        self.service = service
        self.app = app
        self.in_flight = 0

    @property
    def fingerprint(self) -> str:
        """The model's, in hexadecimal."""
        return self.service.predictor.info.fingerprint.hex()


class Front:
    """Hands requests on to the current service, exchanges it for another at once, and stops in time.

    A request ends on the service that it began with.
    """

    def __init__(
        self,
        first: Served,
        build: Callable[[ServedModel, Service], Served],
        now_serves: Callable[[Service], None] = lambda _: None,
    ) -> None:
        """Accept the first, and what builds another around a model that is being loaded; off the loop.

        Args:
            build: with the service before; raises ModelUnavailableError or PredictionError where the model does not
                load, or does not answer.
            now_serves: called with each service that takes another's place.
        """
        self._first = self._current = first
        self._build = build
        self._now_serves = now_serves
        self._reloading = asyncio.Lock()
        self._next: asyncio.Task[tuple[str, str]] | None = None
        self._loading: Loading[Served] | None = None
        self._is_stopping = False
        self._living = {first}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live from the start to the end."""
        if scope["type"] == "lifespan":
            self._listen_to_signals()
            await self._first.app(scope, self._retiring_at_the_end(receive), send)
            log.info("stopped")
            return
        served = self._current
        served.in_flight += 1
        try:
            await served.app(scope, receive, send)
        finally:
            served.in_flight -= 1

    async def reload(self) -> tuple[str, str]:
        """Load the model anew and serve it from then on; what fails leaves the old one.

        However many ask while a model is being loaded, it is loaded once more after that, for all of them.

        Returns:
            the fingerprints of the model before and after; the same where nothing has changed.
        Raises:
            ModelUnavailableError, PredictionError: the model does not load, or does not answer.
        """
        if self._next is None:
            self._next = self._begin(self._reload_in_turn())
        return await asyncio.shield(self._next)

    async def _reload_in_turn(self) -> tuple[str, str]:
        async with self._reloading:
            self._next = None  # who asks from here on may mean a file that is not the one that is read now
            try:
                return await self._exchange()
            except ForeseenError as exc:
                log.error("not reloaded, the previous model still serves: %s", exc)
                raise

    async def _exchange(self) -> tuple[str, str]:
        old, new = self._current, await self._loaded()
        if new.service.predict.recipe.namespace == old.service.predict.recipe.namespace:
            log.info("reloaded: the model is the same, fingerprint %s", old.fingerprint[:12])
            await retire(new.service)
            return old.fingerprint, old.fingerprint
        self._living.add(new)
        self._current = new
        self._now_serves(new.service)
        log.info("reloaded: fingerprint %s, was %s", new.fingerprint[:12], old.fingerprint[:12])
        self._begin(self._retire(old))
        return old.fingerprint, new.fingerprint

    async def _loaded(self) -> Served:
        if self._is_stopping:
            raise ModelUnavailableError(f"the model was not reloaded: {_STOPS}")
        previous = self._current.service
        self._loading = Loading(previous.settings, lambda model: self._build(model, previous))
        try:
            return await self._loading.result()
        finally:
            self._loading = None

    def _listen_to_signals(self) -> None:
        stop_in_time(
            self._current.service.settings.stop_timeout,
            begin=self._load_no_more,
            give_up=lambda: self._of_all(lambda service: give_up(service, _TOO_LATE)),
            end_at_once=self._end_at_once,
        )
        loop = asyncio.get_running_loop()

        def reload(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the service ends
                loop.call_soon_threadsafe(lambda: self._begin(self._reload_by_signal()))

        if reload_was_requested(signal.signal(signal.SIGHUP, reload)):
            reload()

    async def _reload_by_signal(self) -> None:
        with suppress(ForeseenError):  # it is in the log
            await self.reload()

    def _load_no_more(self) -> None:
        if not self._is_stopping:
            limit_s = self._current.service.settings.stop_timeout
            log.info(
                "shutting down: %s requests are under way, for %g s at most (stop_timeout)", self._in_flight, limit_s
            )
        self._is_stopping = True
        if self._loading is not None:
            self._loading.give_up(_STOPS)

    @property
    def _in_flight(self) -> int:
        return sum(served.in_flight for served in self._living)

    def _end_at_once(self) -> None:
        self._of_all(lambda service: abandon_model(service.predictor))
        if self._loading is not None:
            self._loading.kill()

    def _retiring_at_the_end(self, receive: Receive) -> Receive:
        """End the model that has replaced the first one before the caches close, which the first one's service does."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._load_no_more()
                for task in self._tasks:
                    task.cancel()
                if self._current is not self._first:
                    await retire(self._current.service)
            return message

        return received

    async def _retire(self, served: Served) -> None:
        while served.in_flight:  # noqa: ASYNC110 - an event would cost every request something
            await asyncio.sleep(DRAINED_EVERY_S)
        await retire(served.service)
        self._living.discard(served)
        log.info("the previous model has ended, fingerprint %s", served.fingerprint[:12])

    def _begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # taken: who waited may have left, and it is in the log

    def _of_all(self, do: Callable[[Service], None]) -> None:
        """Do something with every model that has not ended."""
        for served in self._living:
            do(served.service)
