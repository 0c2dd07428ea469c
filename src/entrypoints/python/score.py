"""`foreseen.score`: a frame or files with predictions beside their columns, in one call."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Unpack

from foreseen.entrypoints.python.files import run_score, sources_of
from foreseen.entrypoints.python.load import load
from foreseen.entrypoints.python.model import Model, OnError
from foreseen.entrypoints.python.progress import Progress, progression
from foreseen.entrypoints.python.settings import FilePath, ModelSettings, settings_of
from foreseen.settings import SettingsError


def score(
    data: Any,
    model: FilePath | Model,
    *,
    output: FilePath | None = None,
    options: Sequence[str] = (),
    keep: Sequence[str] | None = None,
    prediction_column: str = "prediction",
    on_error: OnError | None = None,
    progress: Progress = "auto",
    jobs: int | None = None,
    config: FilePath | None = None,
    **settings: Unpack[ModelSettings],
) -> Any:
    """Return a frame with the predictions of a model beside its columns, or write files with them into another.

    Args:
        data: a DataFrame of pandas or polars or an Arrow table; or the name of a file, or a list of such.
        model: a model file; for a frame also what `foreseen.load` returned, which has its settings already.
        output: the file to write, of any format of `foreseen score`; for files only.
        options: more options of `foreseen score` for files, as on the command line.
        keep, prediction_column, progress: as those of `Model.score`.
        on_error: as that of `Model.score`, "raise" by default; rejects go beside a file that is written, by default.
        jobs, config, settings: as those of `foreseen.load`.
    Returns:
        A frame of the same kind; of files a DataFrame of pandas, or where an output is written the run's summary.
    Raises:
        ForeseenError: as `foreseen.load` and `Model.score`, or as the command says it.
    """
    sources = sources_of(data)
    given = {"jobs": jobs, "config": config, **settings}
    if sources is None:
        for name, value in (("output", output), ("options", options or None)):
            if value is not None:
                raise SettingsError(f"{name}: expected names of files with it, got a frame")
        how: dict[str, Any] = {"keep": keep, "prediction_column": prediction_column, "progress": progress}
        return _score_frame(data, model, given, on_error=on_error or "raise", **how)
    if isinstance(model, Model):
        raise SettingsError("model: expected a model file to score files with, got a model that is loaded")
    settings_of(model, config, settings)
    arguments = [os.fspath(model), *sources, "--prediction-column", prediction_column, *options]
    arguments += ["--progress", progression(progress, is_seen=False).value]
    more = {"--jobs": jobs, "--config": config, "--keep": None if keep is None else ",".join(keep)}
    arguments += [word for flag, value in more.items() if value is not None for word in (flag, str(value))]
    on_error = on_error or ("raise" if output is None else "reject")
    arguments += ["--max-rejects", "0"] if on_error == "raise" else []
    return _score_files(arguments, output, settings)


def _score_frame(data: Any, model: FilePath | Model, given: dict[str, Any], **how: Any) -> Any:
    if not isinstance(model, Model):
        with load(model, **given) as loaded:
            return loaded.score(data, **how)
    for name in (name for name, value in given.items() if value is not None):
        raise SettingsError(f"{name}: expected a model file beside it, got a model that is loaded")
    return model.score(data, **how)


def _score_files(arguments: list[str], output: FilePath | None, settings: ModelSettings) -> Any:
    with TemporaryDirectory(prefix="foreseen-") as folder:
        summary, table = Path(folder, "summary.json"), Path(folder, "out.parquet")
        written = os.fspath(output) if output is not None else str(table)
        run_score([*arguments, "--output", written, "--summary", str(summary)], settings)
        if output is not None:
            return json.loads(summary.read_text(encoding="utf-8"))
        import pandas as pd  # noqa: PLC0415 - for this only

        return pd.read_parquet(table)
