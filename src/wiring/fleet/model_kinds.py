"""What is a model in a folder: recognised by names and first bytes, without loading anything."""

import os
import re
from pathlib import Path
from typing import Final

from foreseen.settings import Settings, SettingsSource
from foreseen.settings.fleet.fleet_plan import FleetPlan
from foreseen.settings.fleet.model_layout import ModelKinds
from foreseen.settings.fleet.plan_fleet import plan_again, plan_of

_SAVED: Final = re.compile(
    r".+\.(joblib|pkl|pickle|skops|ubj|cbm|onnx|pt|pth|pt2|keras)(\.(gz|z|bz2|xz|lzma|zst))?", re.IGNORECASE
)
"""How files are called that contain a model and nothing else."""

_AS_TEXT: Final = (".json", ".txt")
"""Suffixes of boosters as text, and of much else: their first bytes decide."""


def planned(settings: Settings, config: Path | None) -> FleetPlan | Settings:
    """Return what is to be served; see `plan_of`."""
    return plan_of(settings, config, ModelKinds(is_folder=_is_folder, is_file=_is_file))


def planned_again(source: SettingsSource) -> FleetPlan:
    """Read the settings of a service of several models again, and return what is to be served; see `plan_again`."""
    return plan_again(source.load(), source.config, ModelKinds(is_folder=_is_folder, is_file=_is_file))


def _is_folder(path: Path) -> bool:
    # Only where a folder is served: a file's own process begins to load it before this one imports anything.
    from foreseen.adapters.predictor.formats.model_folders import is_saved_model  # noqa: PLC0415
    from foreseen.adapters.predictor.mlflow_folder.model_folder import is_model_folder  # noqa: PLC0415

    return is_model_folder(path) or is_saved_model(path)


def _is_file(path: Path) -> bool:
    if not os.path.isfile(path):  # noqa: PTH113 - accepts a name that is too long
        return False
    if path.suffix.lower() in _AS_TEXT:
        return _begins_as_booster(path)
    return _SAVED.fullmatch(path.name) is not None


def _begins_as_booster(path: Path) -> bool:
    from foreseen.adapters.predictor.formats.file_start import FileStart  # noqa: PLC0415 - as above
    from foreseen.adapters.predictor.loaders.lightgbm_loader import LightGBMLoader  # noqa: PLC0415
    from foreseen.adapters.predictor.loaders.xgboost_loader import XGBoostLoader  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            start = FileStart.of(file, path.name)
    except OSError:  # it is said when it is loaded, if a table names it
        return False
    return LightGBMLoader().can_load(start) or XGBoostLoader().can_load(start)
