"""Front: receives every request and signal, and holds the service around the current model."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Final, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.entrypoints.http.service.graceful_stop import stop_in_time
from foreseen.entrypoints.http.service.model_reload import Loading
from foreseen.entrypoints.startup_signals import reload_was_requested
from foreseen.process.signal_handlers import RELOADING_SERVICE, handle
from foreseen.wiring.predictors import ServedModel, abandon_model
from foreseen.wiring.retiring import give_up, retire
from foreseen.wiring.service import Service

log = logging.getLogger(__name__)

Result = TypeVar("Result")

DRAINED_EVERY_S: Final = 0.05
"""Seconds between checks whether the last request to a previous model has ended."""

_STOPS: Final = "the service stops"
_TOO_LATE: Final = f"{_STOPS}, and the model has not answered in time (stop_timeout)"


class Served:
    """The application around one model, and the number of its requests in progress."""

    def __init__(self, service: Service, app: ASGIApp) -> None:
        self.service = service
        self.app = app
        self.in_flight = 0

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model, in hexadecimal."""
        return self.service.predictor.info.fingerprint.hex()


class Front:
    """Passes requests on to the current service, replaces that on a reload, and stops within the grace period.

    A request is answered by the service with which it began.
    """

    def __init__(
        self,
        first: Served,
        build: Callable[[ServedModel, Service], Served],
        now_serves: Callable[[Service], None] = lambda _: None,
        keep_open: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        """Accept the first service.

        Args:
            build: returns the next service, from a model that is being loaded and the previous service; called on
                another thread. Raises ModelUnavailableError or PredictionError if the model does not load or answer.
            now_serves: called with each service that replaces another.
            keep_open: keeps the first service open where that is not done by the lifespan of its application.
        """
        self._first = self._current = first
        self._build = build
        self._now_serves = now_serves
        self._keep_open = keep_open
        self._reloading = asyncio.Lock()
        self._next: asyncio.Task[tuple[str, str]] | None = None
        self._loading: Loading[Served] | None = None
        self._is_stopping = False
        self._living = {first}
        self._tasks: set[asyncio.Task[object]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; or for the lifespan, start, run until the end and shut down."""
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

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer requests within this block, as one of several fronts: without a lifespan, and without signals."""
        async with self._keep_open():
            try:
                yield
            finally:
                await self._end_current()

    @property
    def service(self) -> Service:
        """The service around the current model."""
        return self._current.service

    async def reload(self) -> tuple[str, str]:
        """Load the model again and serve it; if that fails, the previous model still serves.

        All calls while a model is being loaded share one further load, after that.

        Returns:
            The fingerprints of the previous and the current model; equal if nothing has changed.
        Raises:
            ModelUnavailableError, PredictionError: the model does not load, or does not answer.
        """
        if self._next is None:
            self._next = self._begin(self._reload_in_turn())
        return await asyncio.shield(self._next)

    async def _reload_in_turn(self) -> tuple[str, str]:
        async with self._reloading:
            self._next = None  # a later call may mean a newer file than the one that is read now
            try:
                return await self._exchange()
            except ForeseenError as exc:
                log.error("not reloaded, the previous model still serves: %s", exc)
                raise

    async def _exchange(self) -> tuple[str, str]:
        old, new = self._current, await self._loaded()
        if notice := new.service.predictor.info.loaded_from.notice:
            log.info("model %s: %s", new.service.settings.model_name, notice)
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
            begin=self._begin_stopping,
            give_up=self.give_up,
            end_at_once=self.end_at_once,
        )
        loop = asyncio.get_running_loop()

        def reload(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the service ends
                loop.call_soon_threadsafe(lambda: self._begin(self._reload_by_signal()))

        if any(map(reload_was_requested, handle(RELOADING_SERVICE, reload).values())):
            reload()

    async def _reload_by_signal(self) -> None:
        with suppress(ForeseenError):  # it is in the log
            await self.reload()

    def _begin_stopping(self) -> None:
        if not self._is_stopping:
            limit_s = self._current.service.settings.stop_timeout
            log.info(
                "shutting down: %s requests are under way, for %g s at most (stop_timeout)", self.in_flight, limit_s
            )
        self.begin_stopping()

    def begin_stopping(self) -> None:
        """Load no other model from now on."""
        self._is_stopping = True
        if self._loading is not None:
            self._loading.give_up(_STOPS)

    def give_up(self) -> None:
        """Fail the requests that still wait for a model; call this on the event loop."""
        self._of_all(lambda service: give_up(service, _TOO_LATE))

    @property
    def in_flight(self) -> int:
        """Number of requests in progress."""
        return sum(served.in_flight for served in self._living)

    def end_at_once(self) -> None:
        """Kill the processes of all models."""
        self._of_all(lambda service: abandon_model(service.predictor))
        if self._loading is not None:
            self._loading.kill()

    def _retiring_at_the_end(self, receive: Receive) -> Receive:
        """Return `receive` so that the current model ends before the first service shuts down and closes the caches."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._begin_stopping()
                await self._end_current()
            return message

        return received

    async def _end_current(self) -> None:
        """End what is not the first service, which its owner closes."""
        self.begin_stopping()
        for task in self._tasks:
            task.cancel()
        if self._current is not self._first:
            await retire(self._current.service)

    async def _retire(self, served: Served) -> None:
        while served.in_flight:  # noqa: ASYNC110 - an event would slow down every request
            await asyncio.sleep(DRAINED_EVERY_S)
        await retire(served.service)
        self._living.discard(served)
        log.info("the previous model has ended, fingerprint %s", served.fingerprint[:12])

    def _begin(self, work: Coroutine[object, None, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it again

    def _of_all(self, do: Callable[[Service], None]) -> None:
        """Call `do` with every service whose model has not ended."""
        for served in self._living:
            do(served.service)
