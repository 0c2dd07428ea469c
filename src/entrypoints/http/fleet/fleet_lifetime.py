"""FleetLifetime: how the models of a service are opened, reloaded and ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_map import Member
from foreseen.entrypoints.http.service.assembly import forget_routes
from foreseen.entrypoints.http.service.current_service import DRAINED_EVERY_S, Front
from foreseen.entrypoints.http.service.graceful_stop import stop_in_time
from foreseen.entrypoints.http.service.model_reload import Loading
from foreseen.entrypoints.startup_signals import reload_was_requested
from foreseen.process.signal_handlers import RELOADING_SERVICE, handle
from foreseen.settings import Settings
from foreseen.settings.fleet.fleet_plan import ModelVersion
from foreseen.wiring.predictors import ServedModel

log = logging.getLogger(__name__)

Build = Callable[[ModelVersion, ServedModel], Member]

_STOPS: Final = "the service stops"


class FleetLifetime:
    """Opens the models when the service starts, handles its signals, and ends the models with it.

    Attributes:
        reload: called on a signal to reload.
    """

    def __init__(self, fleet: Fleet, settings: Settings, build: Build) -> None:
        """Accept the models, the settings of the service, and what builds a member around a model that is loading.

        Args:
            build: waits for the model; called on another thread. Raises ModelUnavailableError or PredictionError if it
                does not load or answer.
        """
        self._fleet: Final = fleet
        self._settings: Final = settings
        self._build: Final = build
        self._loading: Loading[Member] | None = None
        self.reload: Callable[[], Coroutine[object, None, object]] | None = None
        self._open: dict[Member, AsyncExitStack] = {}
        self._is_stopping = False
        self._tasks: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def kept_open(self) -> AsyncIterator[None]:
        """Serve within this block."""
        self._listen_to_signals()
        try:
            for member in self._fleet.current.members:
                await self.open(member)
            yield
        finally:
            self._begin_stopping()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*map(self.close, list(self._open)))
            log.info("stopped")

    async def open(self, member: Member) -> None:
        """Open what a model needs, before it gets requests."""
        stack = AsyncExitStack()
        await stack.enter_async_context(member.parts.front.running())
        self._open[member] = stack

    async def close(self, member: Member) -> None:
        """End a model, which gets no requests any more."""
        stack = self._open.pop(member, None)
        if stack is not None:
            await stack.aclose()
            member.parts.front.service.caches.leave_bound()

    async def load(self, version: ModelVersion) -> Member:
        """Load a version in the background and open it, before it gets requests.

        Raises:
            ModelUnavailableError, PredictionError: the model does not load, or does not answer.
        """
        if self._is_stopping:
            raise ModelUnavailableError(f"the model was not loaded: {_STOPS}")
        self._loading = Loading(version.settings, lambda model: self._build(version, model))
        try:
            member = await self._loading.result()
        finally:
            self._loading = None
        await self.open(member)
        return member

    def retire(self, member: Member) -> None:
        """End a model once its last request is answered; it gets no others."""
        self._begin(self._drained(member))

    async def _drained(self, member: Member) -> None:
        while member.parts.front.in_flight:  # noqa: ASYNC110 - an event would slow down every request
            await asyncio.sleep(DRAINED_EVERY_S)
        await self.close(member)
        forget_routes()
        log.info("ended: model %s, version %s", member.plan.name, member.plan.version)

    @property
    def _fronts(self) -> list[Front]:
        return [member.parts.front for member in self._open]

    def _listen_to_signals(self) -> None:
        stop_in_time(
            self._settings.stop_timeout,
            begin=self._begin_stopping,
            give_up=self._give_up,
            end_at_once=self._end_at_once,
        )
        loop = asyncio.get_running_loop()

        def reload(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: the service ends
                loop.call_soon_threadsafe(lambda: self._begin(self._reload_by_signal()))

        if any(map(reload_was_requested, handle(RELOADING_SERVICE, reload).values())):
            reload()

    async def _reload_by_signal(self) -> None:
        with suppress(ForeseenError):  # it is in the log
            if self.reload is not None:
                await self.reload()

    def _begin_stopping(self) -> None:
        if not self._is_stopping:
            under_way = sum(front.in_flight for front in self._fronts)
            limit_s = self._settings.stop_timeout
            log.info("shutting down: %s requests are under way, for %g s at most (stop_timeout)", under_way, limit_s)
        self._is_stopping = True
        if self._loading is not None:
            self._loading.give_up(_STOPS)
        for front in self._fronts:
            front.begin_stopping()

    def _give_up(self) -> None:
        for front in self._fronts:
            front.give_up()

    def _end_at_once(self) -> None:
        if self._loading is not None:
            self._loading.kill()
        for front in self._fronts:
            front.end_at_once()

    def _begin(self, work: Coroutine[object, None, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
