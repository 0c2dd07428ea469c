"""`foreseen.load`: a model file for Python code to use."""

from typing import Unpack

from foreseen.entrypoints.python.loaded_model import Model
from foreseen.entrypoints.python.setting_arguments import FilePath, ModelSettings, settings_of


def load(
    model: FilePath, *, config: FilePath | None = None, jobs: int | None = None, **settings: Unpack[ModelSettings]
) -> Model:
    """Load a model in this process, with the caches that the settings name.

    Args:
        model: a model file, saved by joblib or pickle.
        config: a TOML file of settings; the environment and the arguments override it.
        jobs: concurrent calls of the model; by default one per core for scikit-learn's own models, else one.
        settings: those of a model and its caches, by their usual names.
    Raises:
        SettingsError: a setting is unknown or wrong.
        ModelUnavailableError: the model cannot be loaded.
    """
    return Model(settings_of(model, config, settings), jobs=jobs)
