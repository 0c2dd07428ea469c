"""Stopping: what is under way may end, but not for ever, and a second signal waits for nothing."""

import asyncio
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from foreseen.entrypoints.log_stream import drain_log

log = logging.getLogger(__name__)


def stop_in_time(
    limit_s: float, *, begin: Callable[[], None], give_up: Callable[[], None], end_at_once: Callable[[], None]
) -> None:
    """See to the signals that say to stop, besides whoever sees to them by now; called on the event loop.

    Args:
        begin: called on the event loop when the first signal has come.
        give_up: called on the event loop when requests have been under way for so many seconds since.
        end_at_once: called before this process exits by the second signal of a kind.
    """
    loop = asyncio.get_running_loop()
    is_worker = multiprocessing.parent_process() is not None
    for told in (signal.SIGINT, signal.SIGTERM):
        handler = _Handler(signal.getsignal(told), lambda: _begin(loop, limit_s, begin, give_up), end_at_once)
        # One signal may come twice to a worker, from the terminal or the service manager and from its supervisor.
        handler.exits_by_the_second = not is_worker
        signal.signal(told, handler)


class _Handler:
    exits_by_the_second = True

    def __init__(self, before: Any, begin: Callable[[], None], end_at_once: Callable[[], None]) -> None:
        self._before = before
        self._begin = begin
        self._end_at_once = end_at_once
        self._is_told = False

    def __call__(self, told: int, frame: FrameType | None) -> None:
        if not self._is_told:
            self._is_told = True
            self._begin()
            if callable(self._before):
                self._before(told, frame)
        elif self.exits_by_the_second:
            exit_at_once(told, self._end_at_once)


def _begin(
    loop: asyncio.AbstractEventLoop, limit_s: float, begin: Callable[[], None], give_up: Callable[[], None]
) -> None:
    with suppress(RuntimeError):  # the loop is closed: nothing is under way
        loop.call_soon_threadsafe(begin)
        loop.call_soon_threadsafe(loop.call_later, limit_s, give_up)


def exit_at_once(told: int, end_at_once: Callable[[], None]) -> None:
    """End this process as if by a signal, without waiting for anything."""
    with suppress(RuntimeError):  # the signal has interrupted the log itself, amid a line
        log.warning("told to stop again by %s: nothing is waited for", signal.Signals(told).name)
    end_at_once()
    drain_log()
    os._exit(128 + told)
