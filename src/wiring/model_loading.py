"""The model of a service: where it is loaded, as the settings say.

Apart from the container, whose imports take as long as a fifth of a start: a model's process is begun before them.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.settings import Settings

__all__ = [
    "ModelProcess",
    "free_unused_code",
    "load_model",
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
    """Begin to load the model in a process that answers batches of thousands side by side, one a core at most.

    Args:
        jobs: how many side by side; None for one a core.
        calls_for: what the model is called for.
        decided: how it is called, as was decided where a run was started; None to decide it there.
    """
    calls = jobs or len(os.sched_getaffinity(0))
    options = _options(settings) | {"calls_for": calls_for, "decided": decided}
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
        finds_sidecar: whether the sidecar beside it is read where none is named.
        calls_for: what it is loaded for.
        decided: how it is called, as was decided where a run was started; None to decide it here.
    Raises:
        ModelUnavailableError: it cannot be had.
    """
    # scikit-learn is imported only where the model is.
    from foreseen.adapters.predictor.load_predictor import load_predictor  # noqa: PLC0415

    return load_predictor(**_options(settings), finds_sidecar=finds_sidecar, calls_for=calls_for, decided=decided)


def sidecar_text_of(info: "ModelInfo", *, existing: Path | None, sample: Path | None) -> str:
    """Return a sidecar that describes a model as it was found.

    Args:
        existing: the sidecar that it replaces, whose list of files and comments beside dtypes are kept.
        sample: a file of training data, whose columns say more than a guess.
    Raises:
        TableError: the sample cannot be read.
        ModelUnavailableError: the sidecar that it replaces is writable for other users.
    """
    from foreseen.adapters.predictor.sidecar.dtype_comments import dtype_comments  # noqa: PLC0415 - for this only
    from foreseen.adapters.predictor.sidecar.sidecar import listed_files  # noqa: PLC0415
    from foreseen.adapters.predictor.sidecar.sidecar_text import sidecar_text  # noqa: PLC0415
    from foreseen.adapters.predictor.sidecar.training_sample import read_sample  # noqa: PLC0415

    kept = listed_files(existing) if existing else []
    comments = dtype_comments(existing.read_text(encoding="utf-8", errors="replace")) if existing else {}
    return sidecar_text(info, read_sample(sample) if sample else {}, files=kept, comments=comments)


def free_unused_code() -> None:
    """Free the code of models that were loaded in this process and are no longer used, with all that it holds."""
    # As above; what loads a model is imported by then.
    from foreseen.adapters.predictor.own_code.isolated_load import free_withdrawn  # noqa: PLC0415

    free_withdrawn()


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "path": settings.model,
        "outputs": settings.outputs,
        "features": settings.features,
        "missing": settings.missing,
        "sidecar": settings.sidecar,
        "code": settings.code,
        "sha256": settings.model_sha256,
        "rows_per_call": settings.rows_per_call,
        "threads": settings.model_threads,
    }
