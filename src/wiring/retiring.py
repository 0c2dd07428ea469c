"""How a service's model ends while the process continues: replaced or abandoned."""

import asyncio

from foreseen.wiring.model_loading import free_unused_code
from foreseen.wiring.predictors import abandon_model, end_model
from foreseen.wiring.service import Service


async def retire(service: Service) -> None:
    """End a model that answers no requests any more: let its last calls end, then its thread and its process."""
    await service.predict.finish()
    if service.on_loop is not None:
        await service.on_loop.close()
    await asyncio.to_thread(service.model_thread.close)
    await asyncio.to_thread(end_model, service.predictor)
    if service.settings.model_isolation == "thread":
        await asyncio.to_thread(free_unused_code)


def give_up(service: Service, reason: str) -> None:
    """Fail every call that waits for the model or follows, and kill its process; call this on the event loop."""
    service.model_thread.abandon(reason)
    abandon_model(service.predictor)
