"""FleetMap: which model and version a path means; immutable, so that a change of the fleet exchanges it as a whole."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.counting.counted_routes import INVOCATIONS, PREDICT
from foreseen.entrypoints.http.service.assembly import FrontParts
from foreseen.settings.fleet.fleet_plan import ModelVersion

MODELS: Final = "/models"
OF_DEFAULT: Final = (PREDICT, INVOCATIONS, "/model")
"""Paths within a model's application that mean the default model where no model is named."""
OF_MODEL: Final = (*OF_DEFAULT, "/readyz")
"""Paths within a model's application that follow /models/NAME and /models/NAME/versions/VERSION."""

_OF_PROTOCOL: Final = re.compile(r"(/v[12]/models/)([^/:]+)(?:/(?:versions|labels)/([^/:]+))?([:/].*)?")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One version of a model with its front."""

    plan: ModelVersion
    parts: FrontParts

    @property
    def tally(self) -> Tally:
        """The counts of this version."""
        return self.parts.front.service.caches.tally

    @property
    def place(self) -> str:
        """The path of this version."""
        return f"{MODELS}/{self.plan.name}/versions/{self.plan.version}"


@dataclass(frozen=True, slots=True)
class FleetModel:
    """One model.

    Attributes:
        members: by version.
        default: the version of requests that name none.
        aliases: versions by further names.
        default_alias: the alias that the default follows; None if it is a version.
    """

    name: str
    members: Mapping[str, Member]
    default: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    default_alias: str | None = None

    def member(self, version: str | None = None) -> Member | None:
        """Return the version of this name or alias, by default the default; None if there is none."""
        if version is None or version in self.members:  # never another one by an alias of the same name
            return self.members.get(self.default if version is None else version)
        return self.members.get(self.aliases.get(version, version))

    @property
    def places(self) -> Iterator[tuple[str, Member]]:
        """The paths of this model, each with the version that it means."""
        at = f"{MODELS}/{self.name}"
        yield at, self.members[self.default]
        for version in self.members:
            yield f"{at}/versions/{version}", self.members[version]
        for alias, version in self.aliases.items():
            if alias not in self.members:
                yield f"{at}/versions/{alias}", self.members[version]


class FleetMap:
    """All models of a service at one moment.

    Attributes:
        models: by name, sorted.
        wanted_default: the model of paths that name none, whether it is loaded or not; None if there is none.
        default_model: the same while it is loaded; otherwise None.
        targets: the version and the path within its application, by the path of a request.
    """

    def __init__(self, models: Mapping[str, FleetModel], wanted_default: str | None) -> None:
        self.models: Final = dict(sorted(models.items()))
        self.wanted_default: Final = wanted_default
        self.default_model: Final = wanted_default if wanted_default in self.models else None
        places = [place for model in self.models.values() for place in model.places]
        targets = {at + path: (member, path) for at, member in places for path in OF_MODEL}
        if self.default_model is not None:
            default = self.models[self.default_model]
            member = default.members[default.default]
            targets |= {path: (member, path) for path in OF_DEFAULT}
        self.targets: Final[Mapping[str, tuple[Member, str]]] = targets

    @property
    def members(self) -> Iterator[Member]:
        """All versions of all models."""
        return (member for model in self.models.values() for member in model.members.values())

    def of_protocol(self, path: str) -> tuple[Member, str] | None:
        """Return what a path of another protocol means, which names the model; None if it means no model."""
        match = _OF_PROTOCOL.fullmatch(path)
        if match is None or (model := self.models.get(match[2])) is None:
            return None
        member = model.member(match[3])
        return None if member is None else (member, f"{match[1]}{match[2]}{match[4] or ''}")
