"""`foreseen.score`: the predictions of a model for a frame, or for files, beside what they were predicted from."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Unpack, get_args

from foreseen.entrypoints.python.file_arguments import ALL_NAMES, OPTIONS, FileSettings, check_names, words_of
from foreseen.entrypoints.python.load import load
from foreseen.entrypoints.python.loaded_model import Model
from foreseen.entrypoints.python.scored_files import score_into_file, score_into_frame, sources_of
from foreseen.entrypoints.python.setting_arguments import FilePath, plain, settings_of
from foreseen.entrypoints.python.shown_progress import Progress, progression
from foreseen.settings import SettingsError

OnErrorOfFiles = Literal["raise", "reject", "stop"]
"""What becomes of a row that cannot be scored: an error, a reject; or a reject, and an error where the model fails."""

_OF_AN_OUTPUT: Final = ("output_format", "output_delimiter", "resume")
"""Options that mean nothing where no file is named to write."""


def score(
    data: Any,
    model: FilePath | Model,
    output: FilePath | None = None,
    *,
    options: Sequence[str] = (),
    keep: Sequence[str] | None = None,
    prediction_column: str = "prediction",
    on_error: OnErrorOfFiles | None = None,
    progress: Progress = "auto",
    jobs: int | None = None,
    config: FilePath | None = None,
    **settings: Unpack[FileSettings],
) -> Any:
    """Return a frame with the predictions of a model beside its columns, or write files with them into another.

    Args:
        data: a DataFrame of pandas or polars or an Arrow table; or the name of a file, or a list of such.
        model: a model file; for a frame also what `foreseen.load` returned, which has its settings already.
        output: the file to write, of any format of `foreseen score`; for files only.
        options: more words of the command line of `foreseen score`, for files.
        keep, prediction_column, progress: as those of `Model.score`.
        on_error: as that of `Model.score`, "raise" by default; rejects go beside a file that is written, by default.
            For files also "stop", which rejects rows but ends at the first on which the model fails.
        jobs, config: as those of `foreseen.load`.
        settings: those of `foreseen.load`; for files also the options of the command: where, delimiter, columns_as …
    Returns:
        A frame of the same kind; of files a DataFrame of pandas, or where an output is written the run's summary.
    Raises:
        ForeseenError: as `foreseen.load` and `Model.score`, or as the command says it.
    """
    check_names(settings, options)
    sources = sources_of(data)
    chosen = {name: value for name, value in settings.items() if name in OPTIONS and value is not None}
    of_model = {name: plain(value) for name, value in settings.items() if name not in OPTIONS}
    if sources is None:
        for name, value in {"output": output, "options": options or None, **chosen}.items():
            if value is not None:
                raise SettingsError(f"{name}: expected names of files with it, got a frame")
        how: dict[str, Any] = {"keep": keep, "prediction_column": prediction_column, "progress": progress}
        given = {"jobs": jobs, "config": config, **of_model}
        return _score_frame(data, model, given, on_error=on_error or "raise", **how)
    if isinstance(model, Model):
        raise SettingsError("model: expected a model file to score files with, got a model that is loaded")
    settings_of(model, config, of_model, known=ALL_NAMES)
    if isinstance(options, str):
        raise SettingsError(f"options: expected a list of words, got the text {options!r}")
    words = [
        *words_of({**_of_errors(on_error, chosen, has_output=output is not None), **chosen}),
        *words_of({"keep": keep, "prediction_column": prediction_column, "jobs": jobs, "config": config}),
        *options,
        *words_of({"output": output}),
        f"--progress={progression(progress, is_seen=False).value}",
    ]
    files = [os.fspath(model), *sources]
    if output is None:
        return score_into_frame(files, words, of_model)
    return score_into_file(files, words, of_model)


def _of_errors(on_error: str | None, chosen: Mapping[str, Any], *, has_output: bool) -> dict[str, Any]:
    """Return the options of the command for rows that cannot be scored, and check which go with an output only."""
    if on_error is not None and on_error not in get_args(OnErrorOfFiles):
        raise SettingsError(f"on_error: expected 'raise', 'reject' or 'stop', got {on_error!r}")
    for name in _OF_AN_OUTPUT:
        if chosen.get(name) and not has_output:
            raise SettingsError(f"{name}: expected an output with it, got none")
    allowing = [
        name for name in ("max_rejects", "rejects") if name in chosen and not (name == "rejects" and has_output)
    ]
    is_raised = on_error == "raise" or (on_error is None and not has_output and not allowing)
    if is_raised and allowing:
        raise SettingsError(f"{allowing[0]}: expected on_error='reject' with it, got on_error='raise'")
    return {"max_rejects": 0} if is_raised else {"on_error": on_error}


def _score_frame(data: Any, model: FilePath | Model, given: dict[str, Any], **how: Any) -> Any:
    if not isinstance(model, Model):
        with load(model, **given) as loaded:
            return loaded.score(data, **how)
    for name in (name for name, value in given.items() if value is not None):
        raise SettingsError(f"{name}: expected a model file beside it, got a model that is loaded")
    return model.score(data, **how)
