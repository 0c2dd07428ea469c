"""Several models as one service in this process: saved in a folder, loaded in threads, and called without sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from foreseen.entrypoints.http.fleet.fleet_application import create_fleet
from foreseen.entrypoints.http.start_fleet import load_fleet
from foreseen.settings import SettingsSource
from foreseen.settings.fleet.fleet_plan import FleetPlan
from foreseen.wiring.fleet.model_kinds import planned
from support.in_process_replica import replica
from support.models import save
from support.own_models import Adder


def adders(folder: Path, numbers: Mapping[str, float]) -> Path:
    """Save a model for each place in a folder, which adds a number."""
    for place, number in numbers.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        save(Adder(number), path.parent, path.name)
    return folder


def fleet_of(folder: Path, stack: ExitStack, toml: str = "", **given: object) -> ASGIApp:
    """Return the application of the models in a folder."""
    config = folder.parent / "foreseen.toml"
    config.write_text(toml)
    flags = {"model": folder, "model_isolation": "thread", "rows_per_call": 0, **given}
    source = SettingsSource(config, flags)
    plan = planned(source.load(), config)
    assert isinstance(plan, FleetPlan)
    return create_fleet(load_fleet(plan, source, stack))


@asynccontextmanager
async def serving(folder: Path, toml: str = "", **given: object) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the models in a folder."""
    with ExitStack() as stack:
        async with replica(fleet_of(folder, stack, toml, **given)) as client:
            stack.pop_all()  # the service ends them
            yield client
