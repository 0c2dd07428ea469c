"""`foreseen cache`: what the shared tier holds."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import typer
from rich.table import Table

from foreseen.container import Container
from foreseen.domain.ports import Held, Inventory
from foreseen.entrypoints.cli.printing import print_plainly
from foreseen.settings import Settings, masked


def show_stats(settings: Settings) -> None:
    """Count entries and bytes by model and namespace."""

    async def count(inventory: Inventory) -> None:
        entries: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        unreadable: Counter[str] = Counter()
        async for held in inventory.held(settings.name):
            place = held.name.rpartition(":")[0]
            entries[place] += 1
            sizes[place] += held.size_bytes
            unreadable[place] += held.header is None
        table = _table("MODEL", "NAMESPACE", "ENTRIES", "BYTES", "UNREADABLE")
        for place in sorted(entries):
            _, model, namespace = place.split(":", 2)
            table.add_row(model, namespace, str(entries[place]), str(sizes[place]), str(unreadable[place]))
        _show(table, f"no predictions in {masked(settings.redis_url)}")

    _run(settings, count)


def show_entries(settings: Settings, *, limit: int) -> None:
    """Show entries one a line, up to a limit."""

    async def go_through(inventory: Inventory) -> None:
        table = _table("KEY", "AGE", "TIME LEFT", "COST", "BYTES")
        more = False
        async for held in inventory.held(settings.name):
            if table.row_count == limit:
                more = True
                break
            table.add_row(held.name, *_ages(held), str(held.size_bytes))
        _show(table, f"no predictions in {masked(settings.redis_url)}")
        if more:
            typer.echo(f"and more; --limit shows more than {limit}")

    _run(settings, go_through)


def purge_entries(settings: Settings) -> None:
    """Remove entries, and tell how many."""

    async def purge(inventory: Inventory) -> None:
        gone = await inventory.purge(settings.name)
        typer.echo(f"removed {gone} predictions from {masked(settings.redis_url)}")

    _run(settings, purge)


def _run(settings: Settings, use: Callable[[Inventory], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with _inventory(settings) as inventory:
            await use(inventory)

    asyncio.run(run())


@asynccontextmanager
async def _inventory(settings: Settings) -> AsyncIterator[Inventory]:
    inventory = Container(settings=settings).inventory()
    try:
        yield inventory
    finally:
        await inventory.close()


def _ages(held: Held) -> tuple[str, str, str]:
    left = "for good" if held.ttl_s is None else duration(held.ttl_s)
    if held.header is None:
        return "unreadable", left, ""
    age_s = time.time() - held.header.created_at_us / 1e6
    return duration(max(0.0, age_s)), left, f"{held.header.cost_us / 1000:g} ms"


def duration(seconds: float) -> str:
    """Write seconds as people do: 42s, 5m, 3h, 2d."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="fold")
    return table


def _show(table: Table, if_empty: str) -> None:
    if table.row_count == 0:
        typer.echo(if_empty)
        return
    print_plainly(None, table)
