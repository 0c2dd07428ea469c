"""PlacedCalls: runs each call of a model where it costs least: on the event loop, or on the model's thread."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from foreseen.domain.counters import Tally
from foreseen.domain.identity.entry import Entry
from foreseen.domain.model.call_placement import COSTLY_S, SIZES, CallPlacement
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.batch import Batch

Compute = Callable[[Batch], Sequence[Entry]]
"""Returns an entry for each instance; raises as the predictor."""

BREAK_EVEN_CALLS: Final = 4096
"""After so many calls, sending them to a process, 0.25 ms each, has cost about as much as loading the model, 1.5 s."""


class PlacedCalls:
    """Calls a model on its thread, or on the event loop if that was opened and costs less.

    One call runs at a time: the caller waits for each.
    """

    def __init__(
        self,
        compute: Compute,
        thread: ModelThread,
        *,
        placement: CallPlacement | None = None,
        tally: Tally | None = None,
        stopwatch: Callable[[], float] = time.perf_counter,
        cpu_clock: Callable[[], float] = time.thread_time,
        on_slow_call: Callable[[int, float], object] = lambda _rows, _seconds: None,
    ) -> None:
        """Accept the call that runs on the model's thread.

        Args:
            placement: decides where each call runs; None if all run on that thread.
            tally: counts those on the event loop.
            stopwatch: measures calls in seconds.
            cpu_clock: measures the processor time of the calling thread in seconds.
            on_slow_call: called with the rows and the seconds of a call that held the event loop too long.
        """
        self.placement = placement or CallPlacement()
        self._compute = compute
        self._thread = thread
        self._tally = tally or Tally()
        self._stopwatch = stopwatch
        self._cpu_clock = cpu_clock
        self._on_slow_call = on_slow_call
        self._compute_here: Compute | None = None
        self._due = 0
        self._when_due: Callable[[], object] | None = None

    def open_when_due(self, begin: Callable[[], object], *, after: int = BREAK_EVEN_CALLS) -> None:
        """Call `begin`, which leads to `open`, after so many calls that were fast enough to pay on the event loop."""
        self._when_due, self._due = begin, after

    def open(self, compute: Compute, costs: Sequence[tuple[float, float]]) -> None:
        """Let calls run on the event loop from now on, where `CallPlacement` decides so by these costs."""
        self._compute_here = compute
        self.placement.open(costs)

    def close(self) -> None:
        """Let all calls run on the model's thread from now on."""
        self._when_due = self._compute_here = None
        self.placement.close()

    async def run(self, rows: int, batch: Callable[[], Batch]) -> Sequence[Entry]:
        """Compute a batch of `rows` rows, made on the thread that computes it; raise as `ModelThread.run`."""
        if self._compute_here is not None and self.placement.is_next_here(rows):
            return self._run_here(rows, batch, self._compute_here)
        began = self._stopwatch()
        entries = await self._thread.run(lambda: self._compute(batch()))
        seconds = self._stopwatch() - began
        self.placement.count_there(rows, seconds)
        if self._when_due is not None and seconds <= COSTLY_S and rows <= SIZES[-1]:
            self._count_until_due(self._when_due)
        return entries

    def _run_here(self, rows: int, batch: Callable[[], Batch], compute: Compute) -> Sequence[Entry]:
        began, cpu_began = self._stopwatch(), self._cpu_clock()
        try:
            return self._thread.run_now(lambda: compute(batch()))
        finally:
            self._tally.count_call_on_loop()
            cpu_s, seconds = self._cpu_clock() - cpu_began, self._stopwatch() - began
            if self.placement.count_here(rows, cpu_s=cpu_s, seconds=seconds):
                self._on_slow_call(rows, seconds)

    def _count_until_due(self, begin: Callable[[], object]) -> None:
        self._due -= 1
        if self._due <= 0:
            self._when_due = None
            begin()
