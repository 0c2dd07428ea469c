"""Front: what every request and signal comes to first; it holds the service around the current model."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.container import Container, abandon_model, give_up, retired
from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.stopping import stop_in_time

log = logging.getLogger(__name__)

DRAINED_EVERY_S = 0.05
"""Seconds between looks at whether an old model's last request has ended."""

_TOO_LATE = "the service stops, and the model has not answered in time (stop_timeout)"


class Service:
    """What is built around one model, and how many requests it is answering."""

    def __init__(self, container: Container, app: ASGIApp) -> None:
        self.container = container
        self.app = app
        self.in_flight = 0

    @property
    def fingerprint(self) -> str:
        """The model's, in hexadecimal."""
        return str(self.container.predictor().fingerprint.hex())


class Front:
    """Hands requests on to the current service, exchanges it for another at once, and stops in time.

    A request ends on the service that it began with.
    """

    def __init__(self, first: Service, build: Callable[[Container], Service]) -> None:
        """Take the first service, and what loads the model anew and builds another beside a container's; off the loop.

        `build` raises ModelUnavailableError or PredictionError where the model does not load, or does not answer.
        """
        self._first = self._current = first
        self._build = build
        self._reloading = asyncio.Lock()
        self._living = {first}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live from the start to the end."""
        if scope["type"] == "lifespan":
            self._listen_to_signals()
            await self._first.app(scope, self._retiring_at_the_end(receive), send)
            return
        service = self._current
        service.in_flight += 1
        try:
            await service.app(scope, receive, send)
        finally:
            service.in_flight -= 1

    async def reload(self) -> tuple[str, str]:
        """Load the model anew and serve it from then on; what fails leaves the old one.

        Returns:
            the fingerprints of the model before and after; the same where nothing has changed.
        Raises:
            ModelUnavailableError, PredictionError: the model does not load, or does not answer.
        """
        async with self._reloading:
            old = self._current
            new = await asyncio.to_thread(self._build, old.container)
            if new.container.predict().recipe.namespace == old.container.predict().recipe.namespace:
                log.info("reloaded: the model is the same, fingerprint %s", old.fingerprint[:12])
                await retired(new.container)
                return old.fingerprint, old.fingerprint
            self._living.add(new)
            self._current = new
            log.info("reloaded: fingerprint %s, was %s", new.fingerprint[:12], old.fingerprint[:12])
            self._begin(self._retire(old))
            return old.fingerprint, new.fingerprint

    def _listen_to_signals(self) -> None:
        stop_in_time(
            self._current.container.settings().stop_timeout,
            give_up=lambda: self._of_all(lambda container: give_up(container, _TOO_LATE)),
            end_at_once=lambda: self._of_all(abandon_model),
        )
        loop = asyncio.get_running_loop()

        def reload(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the service ends
                loop.call_soon_threadsafe(lambda: self._begin(self._reload_by_signal()))

        signal.signal(signal.SIGHUP, reload)

    async def _reload_by_signal(self) -> None:
        try:
            await self.reload()
        except ForeseenError as exc:
            log.error("not reloaded, the old model goes on: %s", exc)

    def _retiring_at_the_end(self, receive: Receive) -> Receive:
        """End the model that has replaced the first one before the caches close, which the first one's service does."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for task in self._tasks:
                    task.cancel()
                if self._current is not self._first:
                    await retired(self._current.container)
            return message

        return received

    async def _retire(self, service: Service) -> None:
        while service.in_flight:  # noqa: ASYNC110 - an event would cost every request something
            await asyncio.sleep(DRAINED_EVERY_S)
        await retired(service.container)
        self._living.discard(service)
        log.info("the model before has ended, fingerprint %s", service.fingerprint[:12])

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _of_all(self, do: Callable[[Container], None]) -> None:
        """Do something with every model that has not ended."""
        for service in self._living:
            do(service.container)
