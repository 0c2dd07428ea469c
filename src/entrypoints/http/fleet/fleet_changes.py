"""FleetChanges: models and versions are loaded, replaced and ended while the others answer."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_lifetime import FleetLifetime
from foreseen.entrypoints.http.fleet.fleet_map import MODELS, FleetMap, FleetModel, Member
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelPlan, ModelVersion

log = logging.getLogger(__name__)

LOADED: Final = "loaded"
RELOADED: Final = "reloaded"
UNCHANGED: Final = "unchanged"
UNLOADED: Final = "unloaded"

Outcomes = dict[str, str | ForeseenError]
"""What became of each version, or of a model as a whole, by its path: a word, or why nothing was changed."""


class FleetChanges:
    """Changes a fleet, one change at a time; each model as a whole or not at all.

    A version is loaded before the map that has it is exchanged for the current one, and ends after that, once its last
    request is answered.
    """

    def __init__(self, fleet: Fleet, lifetime: FleetLifetime, replan: Callable[[], FleetPlan]) -> None:
        """Accept the fleet, what opens and ends its members, and what reads the settings file and the folder again."""
        self._fleet = fleet
        self._lifetime = lifetime
        self._replan = replan
        self._changing = asyncio.Lock()

    async def reconfigure(self) -> Outcomes:
        """Read the settings file and the folder again, and serve what they say; files are loaded again.

        Raises:
            SettingsError, ModelUnavailableError: they cannot be read, or are wrong; nothing is changed.
        """
        async with self._changing:
            try:
                plan = await asyncio.to_thread(self._replan)
            except ForeseenError as exc:
                log.error("not reloaded, the previous models still serve: %s", exc)
                raise
            outcomes: Outcomes = {}
            current, models = self._fleet.current, {}
            for name, wanted in plan.models.items():
                try:
                    models[name] = await self._model(wanted, current.models.get(name), outcomes)
                except ForeseenError as exc:
                    log.error("model %s is not changed: %s", name, exc)
                    outcomes[f"{MODELS}/{name}"] = exc
                    if name in current.models:
                        models[name] = current.models[name]
            default = plan.default_model if plan.default_model in models else None
            self._exchange(FleetMap(models, default), outcomes)
            return outcomes

    async def load(self, name: str, version: str | None) -> Outcomes:
        """Load a version that is in the folder or the tables, or all that they choose; what is loaded stays."""
        async with self._changing:
            plan = (await asyncio.to_thread(self._replan)).models.get(name)
            if plan is None:
                raise ModelUnavailableError(f"expected a model of the folder or the settings file, got {name}")
            old = self._fleet.current.models.get(name)
            if version is not None and version not in plan.available:
                raise ModelUnavailableError(f"expected one of {', '.join(plan.available)}, got {version}")
            chosen = plan.versions if version is None else {version: plan.available[version]}
            members = dict(old.members) if old else {}
            outcomes: Outcomes = {}
            fresh = await self._loaded([each for key, each in chosen.items() if key not in members], outcomes)
            members |= {member.plan.version: member for member in fresh}
            default = old.default if old else plan.default if plan.default in members else next(iter(members))
            aliases = old.aliases if old else {key: to for key, to in plan.aliases.items() if to in members}
            self._exchange(self._with(FleetModel(name, members, default, aliases)), outcomes)
            return outcomes

    async def unload(self, model: FleetModel, version: str | None) -> Outcomes:
        """End a version, or a model with all of its versions.

        Raises:
            ModelUnavailableError: the version is the default of the model's requests, or has an alias.
        """
        async with self._changing:
            outcomes: Outcomes = {}
            models = dict(self._fleet.current.models)
            old = models.pop(model.name)
            if version is not None and len(old.members) > 1:
                named = [alias for alias, to in old.aliases.items() if to == version]
                if version == old.default or named:
                    why = f"the alias {named[0]}" if named else "the default version"
                    raise ModelUnavailableError(f"expected a version that nothing refers to, got {why}")
                members = {key: member for key, member in old.members.items() if key != version}
                models[model.name] = replace(old, members=members)
            default = self._fleet.current.default_model
            self._exchange(FleetMap(models, default if default in models else None), outcomes)
            return outcomes

    async def reload(self, members: Mapping[str, Member]) -> Outcomes:
        """Load the files of some versions again; one that fails goes on as it was."""
        async with self._changing:
            outcomes: Outcomes = {}
            for member in members.values():
                await self._reload(member, outcomes)
            return outcomes

    async def set_alias(self, model: FleetModel, alias: str, version: str) -> None:
        """Let an alias mean a version, which is loaded; nothing else changes."""
        async with self._changing:
            old = self._fleet.current.models[model.name]
            default = old.default if old.default_alias != alias else version
            self._exchange(self._with(replace(old, aliases={**old.aliases, alias: version}, default=default)), {})
            log.info("model %s: %s is version %s now", model.name, alias, version)

    def _with(self, model: FleetModel) -> FleetMap:
        current = self._fleet.current
        return FleetMap({**current.models, model.name: model}, current.default_model)

    async def _model(self, wanted: ModelPlan, old: FleetModel | None, outcomes: Outcomes) -> FleetModel:
        """Return a model as it is wanted: versions with the same settings stay, and load their files again."""
        known = {} if old is None else old.members
        kept = {
            version: known[version]
            for version, each in wanted.versions.items()
            if version in known and known[version].plan == each
        }
        fresh = await self._loaded([each for key, each in wanted.versions.items() if key not in kept], outcomes)
        for member in kept.values():
            await self._reload(member, outcomes)
        found = kept | {member.plan.version: member for member in fresh}
        members = {version: found[version] for version in wanted.versions}
        return FleetModel(wanted.name, members, wanted.default, wanted.aliases, wanted.default_alias)

    async def _loaded(self, versions: list[ModelVersion], outcomes: Outcomes) -> list[Member]:
        """Return versions that are loaded and open, all or none."""
        fresh: list[Member] = []
        try:
            for version in versions:
                fresh.append(await self._lifetime.load(version))  # noqa: PERF401 - if one fails, the others are closed
        except BaseException:
            for member in fresh:
                await self._lifetime.close(member)
            raise
        outcomes |= {member.place: LOADED for member in fresh}
        return fresh

    async def _reload(self, member: Member, outcomes: Outcomes) -> None:
        try:
            before, after = await member.parts.front.reload()
        except ForeseenError as exc:  # logged by the front
            outcomes[member.place] = exc
        else:
            outcomes[member.place] = UNCHANGED if before == after else RELOADED

    def _exchange(self, new: FleetMap, outcomes: Outcomes) -> None:
        gone = set(self._fleet.current.members) - set(new.members)
        self._fleet.exchange(new)
        for member in gone:
            outcomes.setdefault(member.place, UNLOADED)
            self._lifetime.retire(member)
