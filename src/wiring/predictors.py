"""The model of a service or a run: loaded here or in a process of its own, and ended."""

import asyncio

from foreseen.adapters.predictor.releasable import ClosablePredictor
from foreseen.adapters.predictor.subprocess.bulk_process_predictor import BulkProcessPredictor
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.settings import Settings
from foreseen.wiring.model_loading import ModelProcess, load_model, start_model, start_model_for_files


class ServedModel:
    """A model for requests, as it is being loaded: a process of its own begins at once."""

    def __init__(self, settings: Settings, process: ModelProcess | None = None) -> None:
        """Begin.

        Args:
            process: one that loads it by now; None to start it where the settings say so.
        """
        self._settings = settings
        if process is None and settings.model_isolation == "process":
            process = start_model(settings)
        self._process = process

    def loaded(self) -> Predictor:
        """Wait for it.

        Raises:
            ModelUnavailableError: it cannot be loaded.
        """
        if self._process is None:
            return ClosablePredictor(load_model(self._settings))
        return ProcessPredictor(self._process, limit_s=self._settings.model_timeout)

    def abandon(self) -> None:
        """Kill the process that it is loaded in, for good; a load in this one cannot be ended."""
        if self._process is not None:
            self._process.abandon()


def load_for_files(
    settings: Settings,
    *,
    jobs: int | None = None,
    calls_for: CallsFor = "files",
    decided: CallSize | None = None,
    process: ModelProcess | None = None,
) -> Predictor:
    """Load a model that answers batches of thousands.

    A process that it ends is replaced by another, so that the run goes on and the row is found.

    Args:
        jobs: calls of the model side by side; None for as many as it may be called with.
        calls_for: what the model is called for.
        decided: how it is called, as was decided where the run was started; None to decide it here.
        process: one that loads the model by now; None to start it where the settings say so.
    Raises:
        ModelUnavailableError: it cannot be loaded.
    """
    if settings.model_isolation == "thread":
        return load_model(settings, calls_for=calls_for, decided=decided)
    if process is None:
        process = start_model_for_files(settings, jobs=jobs, calls_for=calls_for, decided=decided)
    return BulkProcessPredictor(process)


def unready(predictor: Predictor, thread: ModelThread, settings: Settings) -> str:
    """Return why the model could not be called now; empty if it could."""
    if isinstance(predictor, ProcessPredictor):
        return predictor.unready()
    limit_s = settings.model_timeout
    if thread.busy_s <= limit_s:
        return ""
    return f"the model has not answered within {limit_s:g} s (model_timeout), and a thread cannot be ended"


def abandon_model(predictor: Predictor) -> None:
    """Kill the process that the model is in, for good, if it has one of its own."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        predictor.abandon()


def end_model(predictor: Predictor) -> None:
    """End the process that the model is in, or let go of its memory in this one."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor | ClosablePredictor):
        predictor.close()


async def close_beside_the_loop(predictor: Predictor) -> None:
    """End a model as `end_model` does; a process is waited for beside the event loop."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        await asyncio.to_thread(predictor.close)
    else:
        end_model(predictor)
