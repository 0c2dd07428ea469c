"""ModelOnLoop: loads a model in the serving process, besides its own, for calls that cost less there."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.closable_predictor import ClosablePredictor
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.errors import ForeseenError, PredictionError
from foreseen.domain.flights.model_entries import ModelEntries
from foreseen.domain.flights.placed_calls import BREAK_EVEN_CALLS, PlacedCalls
from foreseen.domain.model.call_placement import CHEAP_S, SIZES, CallPlacement
from foreseen.domain.model.model_failure import failure_text
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from foreseen.process.garbage_collection import put_off_collections, resume_collections
from foreseen.settings import Settings
from foreseen.wiring.model_loading import load_model

log = logging.getLogger(__name__)

LARGEST_FILE: Final = 32 * 2**20
"""Maximum bytes of a model file: a model that is loaded twice takes twice the memory."""

AFTER_RELOAD: Final = 64
"""Cheap calls after which a reloaded model is loaded here too: fewer, since its libraries are already imported."""

TRIES: Final = 5
"""Calls of each size in each process; the fastest one is taken as the cost."""


class ModelOnLoop:
    """Loads a model in this process after enough calls to its own process; calls that cost less here then run here.

    Attributes:
        placement: decides where calls run; its text says where.
    """

    def __init__(
        self,
        settings: Settings,
        predictor: ProcessPredictor,
        thread: ModelThread,
        *,
        after: int = BREAK_EVEN_CALLS,
        load: Callable[[Settings], Predictor] = load_model,
        stopwatch: Callable[[], float] = time.perf_counter,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        """Accept a model for which `may_run_on_loop` is true, and the thread on which its process is called.

        Args:
            after: cheap calls before it is loaded in this process.
            load: loads the model in this process.
            stopwatch: measures calls in seconds.
            cpu_clock: measures the processor time of the calling thread in seconds.
        """
        self.placement = CallPlacement(lambda: predictor.endings > 0)
        self._settings = settings
        self._predictor = predictor
        self._thread = thread
        self._after = after
        self._load = load
        self._stopwatch = stopwatch
        self._cpu_clock = cpu_clock
        self._served: tuple[PlacedCalls, ModelEntries] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._local: ClosablePredictor | None = None

    @property
    def has_loaded(self) -> bool:
        """Whether the model was loaded in this process."""
        return self._local is not None

    def serve(self, calls: PlacedCalls, entries: ModelEntries) -> None:
        """Let these calls run on the model here, through `entries`, once loading it pays."""
        self._served = calls, entries
        calls.open_when_due(self.begin, after=self._after)

    def begin(self) -> None:
        """Load the model now, in the background; calls may run on it unless it or its answers differ from the other."""
        if self._opening is None and self._served is not None:
            self._opening = asyncio.create_task(self._open(*self._served), name="load the model here")

    async def finish(self) -> None:
        """Wait for the end of a load that has begun, whether it succeeds or not."""
        if self._opening is not None:
            await asyncio.wait([self._opening])

    async def _open(self, calls: PlacedCalls, entries: ModelEntries) -> None:
        try:
            self._local = local = ClosablePredictor(await self._loaded())
            self._share_switches(local)
            costs = [await self._costs(local, rows) for rows in SIZES]
            if costs[0][0] <= CHEAP_S:
                self._warm(local)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the model's process answers
            said = str(exc) if isinstance(exc, ForeseenError) else failure_text(exc)
            log.info("the model runs only in a process of its own: %s", said)
            self._release()
            return
        calls.open(entries.by(local).compute, costs)
        log.info("the model runs %s", self.placement)

    async def close(self) -> None:
        """Let all calls run in the model's process, and release what was loaded."""
        if self._served is not None:
            self._served[0].close()
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        self._release()

    def _share_switches(self, local: ClosablePredictor) -> None:
        """Turn the engine off in both processes when it is turned off in one."""
        if (switch := local.engine_switch) is not None:
            switch.when_off(self._predictor.without_engine)
            self._predictor.engine_switch.when_off(switch.turn_off)

    def _release(self) -> None:
        if self._local is not None:
            self._local.close()

    async def _loaded(self) -> Predictor:
        """Load the model on a thread that does not delay the end of this process.

        Raises:
            ModelUnavailableError: it cannot be loaded.
            PredictionError: it is not the one that the process has loaded.
        """
        loader = ModelThread()
        try:
            local = await loader.run(self._load_here)
        except asyncio.CancelledError:
            loader.abandon("the service ends")
            raise
        finally:
            await asyncio.to_thread(loader.close)
        if local.info != self._predictor.info:
            raise PredictionError(f"what its file holds has changed: {self._predictor.info.difference(local.info)}")
        return local

    def _load_here(self) -> Predictor:
        put_off_collections()
        try:
            return self._load(self._settings)
        finally:
            resume_collections()

    async def _costs(self, local: Predictor, rows: int) -> tuple[float, float]:
        """Return the seconds of a call here, and of one in the model's process.

        Raises:
            PredictionError: the answers differ, or the model failed.
            InvalidBatchError: the model rejects made-up instances.
        """
        batch = probe_batch(local.info.signature, rows)
        here_s, here = await self._thread.run(lambda: self._timed(local, batch))
        there_s = float("inf")
        for _ in range(TRIES):
            began = self._stopwatch()
            there = await self._thread.run(lambda: self._predictor.predict(batch).encode().comparable)
            there_s = min(there_s, self._stopwatch() - began)
            if there != here:
                raise PredictionError("it gives other answers in this one")
        return here_s, there_s

    def _timed(self, predictor: Predictor, batch: Batch) -> tuple[float, list[bytes]]:
        """Return the least processor time of a call in seconds, and its answers."""
        taken = []
        for _ in range(TRIES):
            began = self._cpu_clock()
            answers = predictor.predict(batch).encode()
            taken.append(self._cpu_clock() - began)
        return min(taken), answers.comparable

    def _warm(self, local: Predictor) -> None:
        """Call the model once on the event loop's thread: its libraries prepare each thread at their first call."""
        self._thread.run_now(lambda: local.predict(probe_batch(local.info.signature, 1)).encode())


def may_run_on_loop(settings: Settings, info: ModelInfo) -> bool:
    """Return whether a model may be called on the event loop if that is cheap.

    It may if it consists of scikit-learn's code alone or has an engine: any other code may do anything to a process.
    """
    if settings.model_isolation != "auto" or settings.model_threads != 1:
        return False
    if info.loaded_from.is_own_code or not (info.is_thread_safe or info.engine.name):
        return False
    if any(feature.dtype == "string" for feature in info.signature.features):
        return False  # a call with a long text may cost more than those that were measured
    seen = info.determinism
    if seen.rejection or not seen.is_repeatable:
        return False
    return _size(settings.model) <= LARGEST_FILE


def log_slow_call(rows: int, seconds: float) -> None:
    """Log that a call held the event loop too long."""
    log.info(
        "a model call (rows: %d) held the event loop for %.0f ms: the next ones run in the model's process",
        rows,
        seconds * 1e3,
    )


def _size(path: Path | None) -> float:
    """Return the bytes of a model file, or of all files of a folder."""
    try:
        if path is None:
            return float("inf")
        if not path.is_dir():
            return path.stat().st_size
        return sum((Path(here) / name).stat().st_size for here, _, names in os.walk(path) for name in names)
    except OSError:  # it was loaded, and is gone
        return float("inf")
