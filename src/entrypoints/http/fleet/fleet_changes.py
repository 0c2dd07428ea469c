"""FleetChanges: models and versions are loaded, replaced and ended while the others answer."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_lifetime import FleetLifetime
from foreseen.entrypoints.http.fleet.fleet_map import MODELS, FleetMap, FleetModel, Member
from foreseen.entrypoints.http.fleet.fleet_routes import member_of, model_of
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelPlan, ModelVersion
from foreseen.settings.setting_values import NAME

log = logging.getLogger(__name__)

LOADED: Final = "loaded"
RELOADED: Final = "reloaded"
UNCHANGED: Final = "unchanged"
UNLOADED: Final = "unloaded"

Outcomes = dict[str, str | ForeseenError]
"""What became of each version, or of a model as a whole, by its path: a word, or why nothing was changed."""


def conflict(detail: str) -> Rejection:
    """Return the rejection (409) of a change that something else rules out."""
    return Rejection(409, "http", "Conflict", detail)


class FleetChanges:
    """Changes a fleet, one change at a time; each model as a whole or not at all.

    Models, versions and aliases are looked up once it is a change's turn: the changes before it may have ended them.
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
            self._exchange(FleetMap(models, plan.default_model), outcomes)
            return outcomes

    async def load(self, name: str, version: str | None) -> Outcomes:
        """Load a version that is in the folder or the tables, or all that they choose; what is loaded stays.

        Raises:
            ModelUnavailableError, SettingsError, PredictionError: there is none, or it does not load.
            Rejection: 409, an alias has the name of the version.
        """
        async with self._changing:
            plan = (await asyncio.to_thread(self._replan)).models.get(name)
            if plan is None:
                raise ModelUnavailableError(f"expected a model of the folder or the settings file, got {name}")
            old = self._fleet.current.models.get(name)
            if version is not None and version not in plan.available:
                raise ModelUnavailableError(f"expected one of {', '.join(plan.available)}, got {version}")
            chosen = plan.versions if version is None else {version: plan.available[version]}
            if old is not None and (named := [key for key in chosen if key in old.aliases]):
                raise conflict(f"expected a version whose name is no alias, got {named[0]}")
            members = dict(old.members) if old else {}
            outcomes: Outcomes = {}
            fresh = await self._loaded([each for key, each in chosen.items() if key not in members], outcomes)
            members |= {member.plan.version: member for member in fresh}
            if old is not None:
                model = replace(old, members=members)
            else:
                default = plan.default if plan.default in members else next(iter(members))
                aliases = {key: to for key, to in plan.aliases.items() if to in members}
                model = FleetModel(name, members, default, aliases, plan.default_alias)
            self._exchange(self._with(model), outcomes)
            return outcomes

    async def unload(self, name: str, version: str | None) -> Outcomes:
        """End a version, by its name or an alias, or a model with all of its versions.

        Raises:
            Rejection: 404, there is no such model or version; 409, the version is the default of the model's requests,
                or has an alias.
        """
        async with self._changing:
            outcomes: Outcomes = {}
            models = dict(self._fleet.current.models)
            old = model_of(self._fleet, name)
            if version is None:
                del models[name]
            else:
                ended = member_of(old, version).plan.version
                named = [alias for alias, to in old.aliases.items() if to == ended]
                if ended == old.default or named:
                    why = f"the alias {named[0]}" if named else "the default version"
                    raise conflict(f"expected a version that nothing refers to, got {why}")
                members = {key: member for key, member in old.members.items() if key != ended}
                models[name] = replace(old, members=members)
            self._exchange(FleetMap(models, self._fleet.current.wanted_default), outcomes)
            return outcomes

    async def reload(self, name: str, version: str | None) -> Outcomes:
        """Load the files of a version again, or of all versions of a model; one that fails goes on as it was.

        Raises:
            Rejection: 404, there is no such model or version.
        """
        async with self._changing:
            outcomes: Outcomes = {}
            model = model_of(self._fleet, name)
            members = list(model.members.values()) if version is None else [member_of(model, version)]
            for member in members:
                await self._reload(member, outcomes)
            return outcomes

    async def set_alias(self, name: str, alias: str, version: str) -> str:
        """Let an alias mean a version, which is loaded, and return that version; nothing else changes.

        Args:
            version: its name, or another alias of it.

        Raises:
            Rejection: 404, there is no such model or version; 422, a version has the alias as its name, loaded or not.
            SettingsError, ModelUnavailableError: the settings file or the folder, which tell a new alias from a
                version, cannot be read.
        """
        async with self._changing:
            old = model_of(self._fleet, name)
            meant = member_of(old, version).plan.version
            if re.fullmatch(NAME, alias) is None or await self._is_version(old, alias):
                detail = f"expected a name that is no version, got {alias}"
                raise Rejection(422, "invalid-request", "Invalid alias", detail)
            default = old.default if old.default_alias != alias else meant
            self._exchange(self._with(replace(old, aliases={**old.aliases, alias: meant}, default=default)), {})
            log.info("model %s: %s is version %s now", name, alias, meant)
            return meant

    async def _is_version(self, model: FleetModel, alias: str) -> bool:
        """Return whether a version of this name is loaded, or could be."""
        if alias in model.members or alias in model.aliases:  # to switch a known alias, nothing is read
            return alias in model.members
        plan = (await asyncio.to_thread(self._replan)).models.get(model.name)
        return plan is not None and alias in plan.available

    def _with(self, model: FleetModel) -> FleetMap:
        current = self._fleet.current
        return FleetMap({**current.models, model.name: model}, current.wanted_default)

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
