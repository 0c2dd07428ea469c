"""The model of a command over files, which loads in its own process while this one imports its modules."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from foreseen.settings import Settings

if TYPE_CHECKING:
    from foreseen.domain.model.call_size import CallsFor
    from foreseen.wiring.model_loading import ModelProcess


def model_begun(
    settings: Settings, jobs: int | None, *, calls_for: "CallsFor" = "files"
) -> "AbstractContextManager[ModelProcess | None]":
    """Start the process that loads the model, and end it with the block; yield None if this process will load it.

    Args:
        jobs: concurrent calls of the model; None for one per core.
        calls_for: what the model is called for.
    """
    if settings.model_isolation == "thread":
        return nullcontext()
    from foreseen.wiring.model_loading import start_model_for_files  # noqa: PLC0415 - slow, and needed here alone

    return start_model_for_files(settings, jobs=jobs, calls_for=calls_for)
