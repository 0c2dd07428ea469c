"""FleetPlan: the models and versions that a service serves, before any of them is loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from foreseen.settings.all_settings import Settings


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model.

    Attributes:
        settings: those of the service, with the model's name, the version's path and what the model sets for itself.
    """

    name: str
    version: str
    settings: Settings

    @property
    def path(self) -> Path:
        """The file or folder to load."""
        return cast("Path", self.settings.model)


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model with the versions that are served.

    Attributes:
        versions: by version, in the order in which they are listed.
        default: the version that answers where a request names none.
        aliases: versions by further names.
        default_alias: the alias that the default follows; None if it is a version.
        available: all versions that were found, whether they are served or not.
    """

    name: str
    versions: Mapping[str, ModelVersion]
    default: str
    aliases: Mapping[str, str]
    default_alias: str | None = None
    available: Mapping[str, ModelVersion] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What a service serves.

    Attributes:
        settings: those of the service as a whole.
        models: by name, sorted.
        default_model: the model of /predict; None if requests have to name one.
        ignored: names in the folder that are no models, with a slash after those of folders.
    """

    settings: Settings
    models: Mapping[str, ModelPlan]
    default_model: str | None
    ignored: Sequence[str] = ()

    @property
    def versions(self) -> Sequence[ModelVersion]:
        """All versions of all models."""
        return [version for model in self.models.values() for version in model.versions.values()]
