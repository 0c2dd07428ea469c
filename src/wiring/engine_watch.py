"""Purges a model's predictions if its engine and its library differ."""

import asyncio
import logging

from foreseen.domain.counters import ENGINES_OFF
from foreseen.domain.errors import ForeseenError
from foreseen.domain.purging import Purge
from foreseen.wiring.predictors import engine_switch_of
from foreseen.wiring.service import Service

log = logging.getLogger(__name__)


def watch_engine(service: Service, purge: Purge) -> None:
    """When the engine is turned off, count that and purge the model's predictions everywhere; call on the event loop.

    All are removed, since entries do not tell whether the engine has computed them, here or in another process.
    """
    switch = engine_switch_of(service.predictor)
    if switch is None:
        return
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def begin() -> None:
        service.caches.tally.counts[ENGINES_OFF] += 1
        task = loop.create_task(_purged(service, purge), name="purge after an engine")
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def tell_loop(_: str) -> None:
        try:
            loop.call_soon_threadsafe(begin)
        except RuntimeError:  # the loop is closed: the service has ended
            return

    switch.when_off(tell_loop)


async def _purged(service: Service, purge: Purge) -> None:
    try:
        purged = await purge(service.settings.model_name)
    except ForeseenError as exc:
        log.error("what an engine has computed may still be cached: %s", exc)
        return
    if purged.is_complete:
        log.warning("purged after an engine was turned off: %d L1 entries", purged.l1_removed)
    else:
        log.error("what an engine has computed may still be cached: %s", purged.unreached)
