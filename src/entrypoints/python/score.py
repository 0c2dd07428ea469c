"""`foreseen.score`: a frame with predictions beside its columns, in one call."""

from collections.abc import Sequence
from typing import Any, Unpack

from foreseen.entrypoints.python.load import load
from foreseen.entrypoints.python.model import Model, OnError
from foreseen.entrypoints.python.progress import Progress
from foreseen.entrypoints.python.settings import FilePath, ModelSettings
from foreseen.settings import SettingsError


def score(
    frame: Any,
    model: FilePath | Model,
    *,
    keep: Sequence[str] | None = None,
    prediction_column: str = "prediction",
    on_error: OnError = "raise",
    progress: Progress = "auto",
    jobs: int | None = None,
    config: FilePath | None = None,
    **settings: Unpack[ModelSettings],
) -> Any:
    """Return a frame with the predictions of a model beside its columns.

    Args:
        frame: a DataFrame of pandas or polars, or an Arrow table.
        model: a model file, or what `foreseen.load` returned, which has its settings already.
        keep, prediction_column, on_error, progress: as those of `Model.score`.
        jobs, config, settings: as those of `foreseen.load`.
    Raises:
        ForeseenError: as `foreseen.load` and `Model.score`.
    """
    if not isinstance(model, Model):
        with load(model, config=config, jobs=jobs, **settings) as loaded:
            return loaded.score(
                frame, keep=keep, prediction_column=prediction_column, on_error=on_error, progress=progress
            )
    given = {"jobs": jobs, "config": config, **settings}
    for name in (name for name, value in given.items() if value is not None):
        raise SettingsError(f"{name}: expected a model file beside it, got a model that is loaded")
    return model.score(frame, keep=keep, prediction_column=prediction_column, on_error=on_error, progress=progress)
