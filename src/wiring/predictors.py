"""The model of a service or a run, in this process or in one of its own: how it is loaded and ended."""

import asyncio

from foreseen.adapters.predictor.closable_predictor import ClosablePredictor
from foreseen.adapters.predictor.subprocess.bulk_process_predictor import BulkProcessPredictor
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.engine_switch import EngineSwitch
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.settings import Settings
from foreseen.wiring.model_loading import ModelProcess, load_model, start_model, start_model_for_files


class ServedModel:
    """A model for requests while it loads; if it has a process of its own, that starts at once."""

    def __init__(self, settings: Settings, process: ModelProcess | None = None) -> None:
        """Start the model's process, if the settings want one.

        Args:
            process: one that is already loading the model; None to start one.
        """
        self._settings = settings
        if process is None and settings.model_isolation != "thread":
            process = start_model(settings)
        self._process = process

    def loaded(self) -> Predictor:
        """Return the model, once it is loaded.

        Raises:
            ModelUnavailableError: it cannot be loaded.
        """
        if self._process is None:
            return ClosablePredictor(load_model(self._settings))
        return ProcessPredictor(self._process, limit_s=self._settings.model_timeout)

    def abandon(self) -> None:
        """Kill the process that loads the model, and start no other; a load in this process cannot be ended."""
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
    """Load a model for batches of thousands of rows.

    If the model ends its process, another replaces it, so that the run goes on and the row that caused it is found.

    Args:
        jobs: number of parallel model calls; None for as many as the model allows.
        calls_for: what the model is called for.
        decided: the size of its calls if the start of the run decided it; None to decide it when it is loaded.
        process: one that is already loading the model; None to start one if the settings say so.
    Raises:
        ModelUnavailableError: it cannot be loaded.
    """
    if settings.model_isolation == "thread":
        return load_model(settings, calls_for=calls_for, decided=decided)
    if process is None:
        process = start_model_for_files(settings, jobs=jobs, calls_for=calls_for, decided=decided)
    return BulkProcessPredictor(process)


def engine_switch_of(predictor: Predictor) -> EngineSwitch | None:
    """Return the switch of a model's engine; None if it has none."""
    if isinstance(predictor, ProcessPredictor | ClosablePredictor):
        return predictor.engine_switch
    return None


def unready(predictor: Predictor, thread: ModelThread, settings: Settings) -> str:
    """Return why the model cannot be called now; an empty text if it can."""
    if isinstance(predictor, ProcessPredictor):
        return predictor.unready()
    limit_s = settings.model_timeout
    if thread.busy_s <= limit_s:
        return ""
    return f"the model has not answered within {limit_s:g} s (model_timeout), and a thread cannot be ended"


def abandon_model(predictor: Predictor) -> None:
    """Kill the model's process, if it has one, and start no other."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        predictor.abandon()


def end_model(predictor: Predictor) -> None:
    """End the model's process, or release its memory in this one."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor | ClosablePredictor):
        predictor.close()


async def close_off_the_loop(predictor: Predictor) -> None:
    """End a model as `end_model` does, waiting for its process off the event loop."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        await asyncio.to_thread(predictor.close)
    else:
        end_model(predictor)
