"""`foreseen cache stats` and `list`: what the shared tier holds."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

import typer
from rich.table import Table

from foreseen.domain.ports import Held, Inventory
from foreseen.entrypoints.cli.process.printed_tables import print_plainly
from foreseen.entrypoints.one_line import one_line
from foreseen.settings import Settings, masked
from foreseen.wiring.shared_tier import wire_shared_tier

SHOWN_ANSWER: Final = 200
"""Most characters of an answer to show."""

SHOWN_KEY: Final = 1000
"""Most characters of a key to show; no key of Foreseen's is longer."""


class Place(NamedTuple):
    """The model and the namespace of an entry."""

    model: str
    namespace: str


@dataclass(slots=True)
class Stats:
    """Counts of one namespace; `unreadable` are the values that are not entries in the current format."""

    entries: int = 0
    bytes: int = 0
    unreadable: int = 0

    def count(self, held: Held) -> None:
        """Add an entry to the counts."""
        self.entries += 1
        self.bytes += held.size_bytes
        self.unreadable += held.header is None


def show_stats(settings: Settings, *, as_json: bool) -> None:
    """Print the number of entries and bytes by model and namespace."""

    async def count(inventory: Inventory) -> None:
        stats: dict[Place, Stats] = {}
        async for held in inventory.held(settings.name):
            stats.setdefault(_place_of(held.name), Stats()).count(held)
        ordered = dict(sorted(stats.items()))
        if as_json:
            typer.echo(json.dumps(_stats_document(settings, ordered)))
            return
        table = _table("MODEL", "NAMESPACE", "ENTRIES", "BYTES", "UNREADABLE")
        for place, each in ordered.items():
            table.add_row(*map(_shown, place), str(each.entries), str(each.bytes), str(each.unreadable))
        _show(table, f"no predictions in {masked(settings.redis_url)}")

    use_inventory(settings, count)


def _place_of(name: str) -> Place:
    """Return the model and namespace of an entry's key; one that Foreseen did not write may have fewer parts."""
    _, model, *rest = name.split(":", 3)
    return Place(model, rest[0] if len(rest) > 1 else "")


def _stats_document(settings: Settings, stats: dict[Place, Stats]) -> dict[str, object]:
    """Return the document for programs; its field names are stable."""
    namespaces = [{**place._asdict(), **asdict(each)} for place, each in stats.items()]
    totals = {name: sum(each[name] for each in namespaces) for name in ("entries", "bytes", "unreadable")}
    return {"redis_url": masked(settings.redis_url), **totals, "namespaces": namespaces}


def show_entries(settings: Settings, *, limit: int, answers: bool) -> None:
    """Print entries, one a line, up to a limit."""

    async def go_through(inventory: Inventory) -> None:
        table = _table("KEY", "AGE", "TIME LEFT", "COST", "BYTES", *(["ANSWER"] if answers else []))
        more = False
        async for held in inventory.held(settings.name):
            if table.row_count == limit:
                more = True
                break
            answer = [_shown_answer(held)] if answers else []
            table.add_row(_shown(held.name), *_ages(held), str(held.size_bytes), *answer)
        _show(table, f"no predictions in {masked(settings.redis_url)}")
        if more:
            typer.echo(f"and more; --limit shows more than {limit}")

    use_inventory(settings, go_through)


def use_inventory(settings: Settings, use: Callable[[Inventory], Coroutine[object, None, None]]) -> None:
    """Call `use` with the inventory of the shared cache, and close that afterwards."""

    async def run() -> None:
        async with _inventory(settings) as inventory:
            await use(inventory)

    asyncio.run(run())


@asynccontextmanager
async def _inventory(settings: Settings) -> AsyncIterator[Inventory]:
    inventory = wire_shared_tier(settings).inventory
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
    """Return seconds in words, rounded to a unit: 42s, 5m, 3h, 2d."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def _shown_answer(held: Held) -> str:
    return _cut(one_line(held.answer[: 4 * SHOWN_ANSWER].decode(errors="replace")), SHOWN_ANSWER)


def _shown(name: str) -> str:
    """Return a name from Redis, where others may write too, without control characters for a terminal."""
    return _cut(one_line(name[: SHOWN_KEY + 1]), SHOWN_KEY)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


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
