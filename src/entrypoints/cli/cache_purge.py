"""`foreseen cache purge`: entries are removed."""

import typer

from foreseen.domain.ports import Inventory
from foreseen.entrypoints.cli.cache import use_inventory
from foreseen.settings import Settings, masked


def purge_entries(settings: Settings) -> None:
    """Remove entries, and print how many."""

    async def purge(inventory: Inventory) -> None:
        gone = await inventory.purge(settings.name)
        typer.echo(f"removed {gone} predictions from {masked(settings.redis_url)}")

    use_inventory(settings, purge)
