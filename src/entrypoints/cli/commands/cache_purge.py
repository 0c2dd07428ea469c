"""`foreseen cache purge`: every tier of every process that is known is emptied."""

import asyncio
from contextlib import AsyncExitStack

import typer

from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.purging import Purged
from foreseen.settings import Settings, masked
from foreseen.wiring.shared_tier import wire_shared_tier


def purge_entries(settings: Settings) -> None:
    """Remove entries, and print what was reached; raise CacheUnavailableError where that is not all."""
    purged = asyncio.run(purged_by(settings))
    place = masked(settings.redis_url)
    if purged.l2_removed is not None:
        typer.echo(f"removed {purged.l2_removed} predictions from {place}")
    if purged.l2_removed is not None or purged.confirmed:
        typer.echo(f"processes that confirmed: {purged.confirmed}, with {purged.l1_removed} predictions of their own")
    if not purged.is_complete:
        raise CacheUnavailableError(purged.unreached)


async def purged_by(settings: Settings) -> Purged:
    """Purge the model of the settings, or all."""
    shared = wire_shared_tier(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(shared.inventory.close)
        return await shared.purge(settings.name)
