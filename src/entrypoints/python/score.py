"""`foreseen.score`: a frame, or the rows of files, with the predictions of a model beside their columns."""

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
"""What happens to a row that cannot be scored: "raise" an error, or "reject" the row; "stop" rejects rows that cannot
be read, and raises an error for the first on which the model fails."""

_OF_AN_OUTPUT: Final = ("output_format", "output_delimiter", "resume")
"""Options that mean nothing without an output file."""


def score(
    data: object,
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
    """Predict the rows of a frame or of files, and return them, or write them to a file, with the predictions.

    Args:
        data: a DataFrame of pandas or polars or an Arrow table; or a file name, or a list of file names.
        model: a model file; for a frame also a model that `foreseen.load` returned, which has its settings already.
        output: the file to write, in any format of `foreseen score`; for files only.
        options: further words of the command line of `foreseen score`; for files only.
        keep, prediction_column, progress: as in `Model.score`.
        on_error: as in `Model.score`. For files also "stop", which rejects rows that cannot be read, but ends at the
            first on which the model fails. The default is "raise", but "reject" with an output, beside which the
            rejects are written, or with `max_rejects` or `rejects`.
        jobs, config: as in `foreseen.load`.
        settings: those of `foreseen.load`; for files also the options of the command: where, delimiter, columns_as …
    Returns:
        A frame of the same kind; for files a pandas DataFrame, or the run's summary if there is an output.
    Raises:
        ForeseenError: as `foreseen.load` and `Model.score` raise it, or the error of the command.
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
        raise SettingsError("model: expected a model file to score files with, got a loaded model")
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


def _of_errors(on_error: str | None, chosen: Mapping[str, object], *, has_output: bool) -> dict[str, object]:
    """Return the command's options for rows that cannot be scored; raise SettingsError if the options conflict."""
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


def _score_frame(data: object, model: FilePath | Model, given: dict[str, Any], **how: Any) -> Any:
    if not isinstance(model, Model):
        with load(model, **given) as loaded:
            return loaded.score(data, **how)
    for name in (name for name, value in given.items() if value is not None):
        raise SettingsError(f"{name}: expected a model file beside it, got a loaded model")
    return model.score(data, **how)
