"""`foreseen cache purge`: empties every tier of every known process."""

import asyncio
from contextlib import AsyncExitStack

import typer

from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.purging import Purged
from foreseen.settings import Settings, masked
from foreseen.wiring.shared_tier import wire_shared_tier


def purge_entries(settings: Settings) -> None:
    """Remove entries, and print where; raise CacheUnavailableError if a tier or a process was not reached."""
    purged = asyncio.run(purged_by(settings))
    place = masked(settings.redis_url)
    if purged.l2_removed is not None:
        typer.echo(f"removed {purged.l2_removed} predictions from {place}")
    if purged.l2_removed is not None or purged.confirmed:
        typer.echo(f"processes that confirmed: {purged.confirmed}, with {purged.l1_removed} predictions of their own")
    if not purged.is_complete:
        raise CacheUnavailableError(purged.unreached)


async def purged_by(settings: Settings) -> Purged:
    """Purge the entries of the named model, or all without a name, and return what was reached."""
    shared = wire_shared_tier(settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(shared.inventory.close)
        return await shared.purge(settings.name)
