"""Garbage collection: the one module that tunes the collector, for every process of ours."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

Thresholds: TypeAlias = tuple[int, int, int]
"""New objects before the youngest generation is collected, and collections of a generation before the next older one
is collected."""

FOR_REQUESTS: Final[Thresholds] = (5_000, 10, 20)
"""A collection of the youngest generation takes 0.3 ms. By Python's defaults the oldest one, with the filling cache, is
collected every 70,000 new objects: 15 ms each time at 64 connections."""

FOR_FILES: Final[Thresholds] = (200_000, 20, 50)
"""A chunk creates some objects for each of its rows, and frees all of them without the collector. By Python's defaults
there would be a hundred collections a chunk: half of the cost of a row that is answered from Redis."""


def put_off_collections() -> None:
    """Stop collecting while modules and models are loaded: it would take a tenth of that time, and find nothing."""
    gc.disable()


def resume_collections(thresholds: Thresholds | None = None) -> None:
    """Resume collecting, but never among the objects loaded so far: that would stop every request for some 80 ms.

    They are not collected once before either: of half a million objects, only one or two thousand are garbage.

    Args:
        thresholds: None for Python's defaults.
    """
    gc.freeze()
    if thresholds is not None:
        gc.set_threshold(*thresholds)
    gc.enable()


def collect_what_is_loaded() -> None:
    """Collect once, including the objects that `resume_collections` leaves out."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the collector from running within the block."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
