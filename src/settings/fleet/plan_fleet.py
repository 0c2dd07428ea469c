"""The plan of a service: from its folder and the tables of its settings file to models and versions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import ModelUnavailableError
from foreseen.settings.all_settings import Settings
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelPlan, ModelVersion
from foreseen.settings.fleet.model_layout import Layout, ModelKinds, layout_of, versions_at
from foreseen.settings.fleet.model_tables import ModelTable, tables_of
from foreseen.settings.fleet.version_choice import chosen_versions
from foreseen.settings.setting_sources import MODELS, SettingsError

_OF_ONE: Final = ("name", "features", "missing", "sidecar", "model_sha256")
"""Settings of a single model, which several cannot inherit."""


def plan_of(settings: Settings, config: Path | None, kinds: ModelKinds) -> FleetPlan | Settings:
    """Return what is to be served; the settings of the model if it is a single one without a table.

    Args:
        settings: whose model may be a folder of models; None where tables say what is served.
        config: the settings file, which may have tables of models.
    Raises:
        SettingsError: a table is wrong, or a setting is one of a single model.
        ModelUnavailableError: a folder of models cannot be read, or its names are ambiguous.
    """
    tables = tables_of(config)
    layout = Layout({}) if settings.model is None else layout_of(settings.model, kinds)
    if isinstance(layout, Path):
        alone = settings if layout == settings.model else settings.model_copy(update={"model": layout})
        if not tables:
            return alone
        layout = Layout({alone.model_name: {"1": layout}})
    elif not tables and not layout.models:
        return settings  # the caller says that a model is missing
    _check_own(settings)
    names = sorted({*layout.models, *tables})
    models = {name: _model(name, layout, tables.get(name), settings, kinds) for name in names}
    return FleetPlan(settings, models, _default_model(settings, models), layout.ignored)


def plan_again(settings: Settings, config: Path | None, kinds: ModelKinds) -> FleetPlan:
    """Return what is to be served by a service that serves several models already; also if one is left.

    Raises:
        SettingsError, ModelUnavailableError: as `plan_of`; or no model is left.
    """
    plan = plan_of(settings, config, kinds)
    if isinstance(plan, FleetPlan):
        return plan
    if plan.model is None or plan.model == settings.model:
        raise ModelUnavailableError(f"{settings.model or config}: expected models, got none")
    name = plan.model_name
    only = {"1": ModelVersion(name, "1", plan.model_copy(update={"name": name}))}
    return FleetPlan(settings, {name: ModelPlan(name, only, "1", {}, None, only)}, name)


def _model(name: str, layout: Layout, table: ModelTable | None, settings: Settings, kinds: ModelKinds) -> ModelPlan:
    table = table or ModelTable(f"{MODELS}.{name}")
    found = layout.models.get(name, {}) if table.path is None else versions_at(table.path, kinds)
    if not found and table.path is not None:
        raise ModelUnavailableError(f"{table.path}: expected a model or a folder of versions of one")
    if not found:
        among = ", ".join(layout.models)
        hint = f"; the folder has {among}" if among else ""
        raise SettingsError(f"{table.place}.path: expected the path of the model, got none{hint}")
    chosen = chosen_versions(found, table)
    if len(chosen.paths) > 1 and "model_sha256" in table.own:
        raise SettingsError(f"{table.place}.model_sha256: expected one version, since each has a digest of its own")
    available = {
        version: ModelVersion(name, version, settings.model_copy(update={**table.own, "name": name, "model": path}))
        for version, path in found.items()
    }
    versions = {version: available[version] for version in chosen.paths}
    alias = table.default[1:] if table.default is not None and table.default.startswith("@") else None
    return ModelPlan(name, versions, chosen.default, table.aliases, alias, available)


def _check_own(settings: Settings) -> None:
    for name in _OF_ONE:
        if getattr(settings, name):
            raise SettingsError(f"{name}: expected in a table such as [models.iris], since several models are served")


def _default_model(settings: Settings, models: Mapping[str, ModelPlan]) -> str | None:
    name = settings.default_model
    if name is None:
        return next(iter(models)) if len(models) == 1 else None
    if name not in models:
        hint = did_you_mean(name, models) or f"one of {', '.join(models)}"
        raise SettingsError(f"default_model: expected a model that is served, got {name!r}; {hint}")
    return name
