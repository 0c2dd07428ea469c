"""Loads the model of a service or a run, in this process or in one of its own.

Separate from the container, whose imports take a fifth of a start: the model's process is started before them.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.subprocess.model_options import ModelOptions
from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.settings import Settings

__all__ = [
    "ModelProcess",
    "free_unused_code",
    "load_model",
    "sidecar_path",
    "sidecar_text_of",
    "start_model",
    "start_model_for_files",
]

if TYPE_CHECKING:
    from foreseen.domain.model.call_size import CallsFor, CallSize
    from foreseen.domain.model.model_info import ModelInfo
    from foreseen.domain.ports import Predictor


def start_model(settings: Settings) -> ModelProcess:
    """Begin to load the model in a process of its own."""
    return ModelProcess(_options(settings), log_level=settings.log_level)


def start_model_for_files(
    settings: Settings, *, jobs: int | None, calls_for: "CallsFor" = "files", decided: "CallSize | None" = None
) -> ModelProcess:
    """Begin to load the model in a process that answers batches of thousands in parallel, at most one per core.

    Args:
        jobs: how many in parallel; None for one per core.
        calls_for: what the model is called for.
        decided: the size of its calls if the start of the run decided it; None to decide it in the process.
    """
    calls = jobs or len(os.sched_getaffinity(0))
    options: ModelOptions = {**_options(settings), "calls_for": calls_for, "decided": decided}
    return ModelProcess(options, log_level=settings.log_level, calls=calls)


def load_model(
    settings: Settings,
    *,
    finds_sidecar: bool = True,
    calls_for: "CallsFor" = "requests",
    decided: "CallSize | None" = None,
) -> "Predictor":
    """Load the model in this process.

    Args:
        finds_sidecar: whether a sidecar beside the model is read if the settings name none.
        calls_for: what the model is called for.
        decided: the size of its calls if the start of the run decided it; None to decide it here.
    Raises:
        ModelUnavailableError: it cannot be loaded.
    """
    # Imports scikit-learn, which only the process with the model needs.
    from foreseen.adapters.predictor.load_predictor import load_predictor  # noqa: PLC0415

    options: ModelOptions = {**_options(settings), "calls_for": calls_for, "decided": decided}
    return load_predictor(**options, finds_sidecar=finds_sidecar)


def sidecar_text_of(info: "ModelInfo", *, existing: Path | None, sample: Path | None) -> str:
    """Return the text of a sidecar that describes a model.

    Args:
        existing: the sidecar to replace, whose list of files and comments beside dtypes are kept.
        sample: a file of training data, whose columns are described instead of guessed.
    Raises:
        TableError: the sample cannot be read.
        ModelUnavailableError: the existing sidecar is writable for other users.
    """
    from foreseen.adapters.predictor.sidecar.dtype_comments import dtype_comments  # noqa: PLC0415 - for this only
    from foreseen.adapters.predictor.sidecar.sidecar import listed_files  # noqa: PLC0415
    from foreseen.adapters.predictor.sidecar.sidecar_text import sidecar_text  # noqa: PLC0415
    from foreseen.adapters.predictor.sidecar.training_sample import read_sample  # noqa: PLC0415

    kept = listed_files(existing) if existing else []
    comments = dtype_comments(existing.read_text(encoding="utf-8", errors="replace")) if existing else {}
    return sidecar_text(info, read_sample(sample) if sample else {}, files=kept, comments=comments)


def sidecar_path(settings: Settings) -> Path:
    """Return where the model's sidecar is, or would be written: as the settings say, or beside the model.

    Raises:
        ModelUnavailableError: the model is in a module that is not in a file of the user's own.
    """
    from foreseen.adapters.predictor.python_objects.object_reference import reference_of  # noqa: PLC0415 - for this only
    from foreseen.adapters.predictor.sidecar.sidecar_place import sidecar_beside  # noqa: PLC0415
    from foreseen.domain.errors import ModelUnavailableError  # noqa: PLC0415

    if settings.sidecar is not None:
        return settings.sidecar
    model = cast("Path", settings.model)
    reference = reference_of(model)
    source = model if reference is None else reference.source(settings.code)
    if source is None:
        raise ModelUnavailableError(
            f"{model}: expected a module in a file of your own, beside which to write; try: --sidecar FILE"
        )
    return sidecar_beside(source)


def free_unused_code() -> None:
    """Free the code of models that are no longer used in this process, and everything that it refers to."""
    # As above; already imported if a model was loaded here.
    from foreseen.adapters.predictor.own_code.isolated_load import free_withdrawn  # noqa: PLC0415

    free_withdrawn()


def _options(settings: Settings) -> ModelOptions:
    return {
        "path": cast("Path", settings.model),  # entrypoints reject settings without one
        "outputs": settings.outputs,
        "features": settings.features,
        "missing": settings.missing,
        "sidecar": settings.sidecar,
        "code": settings.code,
        "sha256": settings.model_sha256,
        "rows_per_call": settings.rows_per_call,
        "threads": settings.model_threads,
        "engine": settings.model_engine,
        "trusted_types": settings.trusted_types,
    }
