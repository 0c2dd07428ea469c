"""LoopWatch: which of our code holds an event loop, and for how long, seen by a thread that looks at the loop's own.

What counts is time that the code itself takes: the processor's, which a busy machine does not stretch and of which the
garbage collector's is taken off, and that in which it sleeps, or waits for a file, without giving the loop back.
"""

import gc
import inspect
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from itertools import accumulate, repeat
from pathlib import Path
from types import FrameType
from typing import Any, Final

import foreseen

OURS: Final = f"{Path(foreseen.__file__).resolve().parent}/"
TESTS: Final = f"{Path(__file__).resolve().parents[1]}/"
_WAITS: Final = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

TICK_S: Final = 0.01
"""Seconds between two looks."""

PUNCTUAL_S: Final = 0.004
"""Seconds that a look may be late: later, and a sleeping thread may only have been kept from going on."""

LIMIT_S: Final = 0.05
"""Seconds for which our code may hold a loop, on a machine that adds up in `_ADDED_S`."""

_ADDED_S: Final = 0.005
_ADDED: Final = 100_000
"""Numbers that are added up to see how fast a machine is, and the processor's seconds that this usually takes."""

_TRIES: Final = 5

_START: Final = threading.Thread.start.__code__

_LOOPS: Final = ("/asyncio/runners.py", "/asyncio/events.py", "/asyncio/base_events.py", "/support/loop_guard.py")
"""Ends of the names of files whose frames call what runs on a loop."""


@cache
def slowness() -> float:
    """Return how many times as long as usual this machine computes, at least 1: some are slow even when idle."""
    return max(1.0, min(_added_s() for _ in range(_TRIES)) / _ADDED_S)


def slowness_now() -> float:
    """Return the same of this moment, since that of a machine which others share changes within seconds."""
    return max(slowness(), sorted(_added_s() for _ in range(_TRIES))[_TRIES // 2] / _ADDED_S)


def _added_s() -> float:
    began, total = time.thread_time(), 0
    for number in range(_ADDED):
        total += number
    return time.thread_time() - began


class Turn:
    """One callback, or one step of a task, that a loop's thread is busy with.

    Attributes:
        cpu_s: what its thread had used when last looked at.
        call: the call of our code that was seen last; a turn may make many.
        ours_s: what that has taken so far.
        held_s: what one call had taken when it was found to hold the loop; 0 where none was.
    """

    __slots__ = ("call", "clock", "cpu_s", "held_s", "instruction", "ours_s", "stack", "thread", "tid")

    def __init__(self, thread: int, tid: int, clock: int, cpu_s: float) -> None:
        self.thread = thread
        self.tid = tid
        self.clock = clock
        self.cpu_s = cpu_s
        self.call: FrameType | None = None
        self.ours_s = 0.0
        self.held_s = 0.0
        self.instruction: tuple[int, int] | None = None
        self.stack: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"our code held the event loop for {self.held_s * 1000:.0f} ms: {' > '.join(self.stack)}"


class LoopWatch:
    """Looks at loops' threads every now and then, and calls `tell` once for each turn in which our code held a loop."""

    def __init__(self, tell: Callable[[Turn], None], *, limit_s: float = LIMIT_S) -> None:
        self._tell = tell
        self.limit_s = limit_s
        self._turns: dict[int, Turn] = {}
        self._loops: list[tuple[Any, int, int, int]] = []
        self._known = threading.local()
        self._collecting: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, name="loop watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        gc.callbacks.append(self._take_off_collection)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        gc.callbacks.remove(self._take_off_collection)

    def began(self) -> Turn:
        """Note that the calling thread's loop begins with something."""
        thread, tid, clock = self._this_thread()
        turn = self._turns[thread] = Turn(thread, tid, clock, time.thread_time())
        return turn

    def ended(self, turn: Turn) -> None:
        """Note that this is over."""
        self._turns.pop(turn.thread, None)
        turn.call = None

    def follow(self, loop: Any) -> None:
        """Watch the loop that runs in the calling thread, which does not say what it begins with: its turns are those
        between two answers to a call."""
        self._loops.append((loop, *self._this_thread()))

    def _this_thread(self) -> tuple[int, int, int]:
        known: tuple[int, int, int] | None = getattr(self._known, "ids", None)
        if known is None:
            thread = threading.get_ident()
            known = self._known.ids = (thread, threading.get_native_id(), time.pthread_getcpuclockid(thread))
        return known

    def _look_again_and_again(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(TICK_S):
            now = time.monotonic()
            slept_s = now - before if now - before < TICK_S + PUNCTUAL_S else None
            for turn in list(self._turns.values()):
                self._look(turn, slept_s)
            for followed in self._loops:
                self._begin_turn_of(*followed)
            before = time.monotonic()  # a look that measured the machine's speed took long, which makes none late

    def _begin_turn_of(self, loop: Any, thread: int, tid: int, clock: int) -> None:
        """Have a loop that does not say so begin a turn now, and end it when it comes to what it is called with."""
        if thread not in self._turns and not loop.is_closed():
            turn = self._turns[thread] = Turn(thread, tid, clock, time.clock_gettime(clock))
            loop.call_soon_threadsafe(self.ended, turn)

    def _look(self, turn: Turn, slept_s: float | None) -> None:
        try:
            cpu_s = time.clock_gettime(turn.clock)
        except OSError:  # its thread has ended
            self._turns.pop(turn.thread, None)
            return
        frames = _frames_on_loop(sys._current_frames().get(turn.thread))
        if self._turns.get(turn.thread) is not turn or turn.thread in self._collecting or not frames:
            return
        used_s, turn.cpu_s = max(0.0, cpu_s - turn.cpu_s), cpu_s
        here = (id(frames[0]), frames[0].f_lasti)
        # A thread that waits for the interpreter sleeps as well, but then this look came late, or it has gone on.
        is_still_here = here == turn.instruction and not _waits_for_a_thread_to_begin(frames)
        if slept_s is not None and is_still_here and _is_asleep(turn.tid):
            used_s = max(used_s, slept_s)
        turn.instruction = here
        call = _call_of_ours(frames)
        if call is not turn.call:
            turn.call, turn.ours_s = call, 0.0
        if call is not None:
            self._blame(turn, frames[: frames.index(call) + 1], used_s)

    def _blame(self, turn: Turn, frames: list[FrameType], seconds: float) -> None:
        turn.ours_s += seconds
        is_long = not turn.held_s and turn.ours_s > self.limit_s * slowness()
        if is_long and turn.ours_s > self.limit_s * slowness_now():
            turn.held_s = turn.ours_s
            turn.stack = tuple(f"{_place(frame)}:{frame.f_lineno} {frame.f_code.co_name}" for frame in frames[::-1])
            self._tell(turn)

    def _take_off_collection(self, phase: str, info: Mapping[str, int]) -> None:
        """Charge the time of the garbage collector to no turn."""
        thread = threading.get_ident()
        turn = self._turns.get(thread)
        if turn is None:
            return
        if phase == "start":
            self._collecting[thread] = time.thread_time()
        elif thread in self._collecting:
            turn.cpu_s += time.thread_time() - self._collecting.pop(thread)


def _frames_on_loop(frame: FrameType | None) -> list[FrameType]:
    """Return the frames above the loop's own, the innermost first; none where it waits."""
    frames = _callers(frame)
    for depth, caller in enumerate(frames):
        if caller.f_code.co_filename.endswith(_LOOPS):
            return frames[:depth]
    return []


def _callers(frame: FrameType | None) -> list[FrameType]:
    """Return a frame of another thread and its callers, innermost first.

    A loop of Python's would let that thread go on in between, and then a frame's caller may be one that has ended: this
    is one call of C from the first to the last. Nor may garbage be collected in it, which new frames begin and which
    calls functions of Python.
    """
    frames: list[Any] = []
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with suppress(AttributeError):  # beyond the outermost is None, which has no caller
            frames.extend(accumulate(repeat("f_back"), getattr, initial=frame))
    finally:
        if was_enabled:
            gc.enable()
    return frames[:-1]


def _waits_for_a_thread_to_begin(frames: list[FrameType]) -> bool:
    """Return whether a thread was started that has yet to run: it waits for a processor, as its starter would."""
    return any(frame.f_code is _START for frame in frames)


def _call_of_ours(frames: list[FrameType]) -> FrameType | None:
    """Return the outermost frame of our code; none where a test calls a plain function, and holds the loop itself."""
    for called, caller in zip(frames[::-1], [None, *frames[:0:-1]], strict=True):
        if called.f_code.co_filename.startswith(OURS):
            is_the_tests = caller is not None and caller.f_code.co_filename.startswith(TESTS)
            return None if is_the_tests and not called.f_code.co_flags & _WAITS else called
    return None


def _place(frame: FrameType) -> str:
    return "/".join(Path(frame.f_code.co_filename).parts[-2:])


def _is_asleep(tid: int) -> bool:
    """Return whether a thread neither runs nor waits for a processor; it may wait for a disk."""
    try:
        stat = Path(f"/proc/self/task/{tid}/stat").read_text()
    except OSError:  # it has ended, or this is another system
        return False
    return stat.rpartition(") ")[2][0] in "SD"
