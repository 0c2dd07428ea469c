"""Graceful stop: requests in progress may finish within a grace period; a second signal exits at once."""

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from foreseen.entrypoints.log_stream import drain_log
from foreseen.process.signal_handlers import SERVICE, handle

log = logging.getLogger(__name__)


def stop_in_time(
    limit_s: float, *, begin: Callable[[], None], give_up: Callable[[], None], end_at_once: Callable[[], None]
) -> None:
    """Handle stop signals in addition to the current handlers; to be called on the event loop.

    Args:
        limit_s: the grace period, seconds.
        begin: called on the event loop after the first signal.
        give_up: called on the event loop when the grace period ends.
        end_at_once: called before the second signal of a kind ends this process.
    """
    loop = asyncio.get_running_loop()
    stopped_by: set[int] = set()
    is_worker = multiprocessing.parent_process() is not None
    for signum in SERVICE.signals:
        before = signal.getsignal(signum)
        handler = _Handler(before, stopped_by, lambda: _begin(loop, limit_s, begin, give_up), end_at_once)
        # A worker may get one signal twice: from the terminal or the service manager, and from its supervisor.
        handler.exits_by_the_second = not is_worker
        handle(SERVICE, handler, only=signum)


class _Handler:
    """Stops by the first signal of all, exits by the second of one kind; the first of another kind changes nothing.

    uvicorn would give up its requests on SIGINT after SIGTERM, and log that its application did not end.
    """

    exits_by_the_second = True

    def __init__(
        self, before: object, stopped_by: set[int], begin: Callable[[], None], end_at_once: Callable[[], None]
    ) -> None:
        self._before = before
        self._stopped_by = stopped_by
        self._begin = begin
        self._end_at_once = end_at_once

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if signum in self._stopped_by:
            if self.exits_by_the_second:
                exit_at_once(signum, self._end_at_once)
            return
        is_first = not self._stopped_by
        self._stopped_by.add(signum)
        if is_first:
            self._begin()
            if callable(self._before):
                self._before(signum, frame)


def _begin(
    loop: asyncio.AbstractEventLoop, limit_s: float, begin: Callable[[], None], give_up: Callable[[], None]
) -> None:
    with suppress(RuntimeError):  # the loop is closed: no request is in progress
        loop.call_soon_threadsafe(begin)
        loop.call_soon_threadsafe(loop.call_later, limit_s, give_up)


def exit_at_once(signum: int, end_at_once: Callable[[], None]) -> None:
    """Exit with the code of a signal after calling `end_at_once`, without waiting for requests."""
    with suppress(RuntimeError):  # the signal has interrupted the logging of a line
        log.warning("stopped again by %s: nothing is waited for", signal.Signals(signum).name)
    end_at_once()
    drain_log()
    os._exit(128 + signum)
