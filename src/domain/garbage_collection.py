"""When garbage is collected: the one module that tunes the collector, for every process of ours."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

Thresholds: TypeAlias = tuple[int, int, int]
"""New objects before the youngest generation is collected, and collections of a generation before the next older one
is collected."""

FOR_REQUESTS: Final[Thresholds] = (5_000, 10, 20)
"""The youngest take 0.3 ms. By default a filling cache is collected after every 70,000 new objects: 15 ms each time at
64 connections."""

FOR_FILES: Final[Thresholds] = (200_000, 20, 50)
"""A chunk makes some objects for each of its rows, and frees all of them without the collector. By default it would be
collected a hundred times a chunk, which is half of what a row costs that is answered from Redis."""


def put_off_collections() -> None:
    """Collect nothing while everything is imported and loaded: it takes a tenth of the time, and finds nothing."""
    gc.disable()


def resume_collections(thresholds: Thresholds | None = None) -> None:
    """Collect again, but nothing that is loaded by now, which would stop every request for some 80 ms.

    It is not collected before either: of half a million objects only one or two thousand are garbage.

    Args:
        thresholds: None for those of Python.
    """
    gc.freeze()
    if thresholds is not None:
        gc.set_threshold(*thresholds)
    gc.enable()


def collect_what_is_loaded() -> None:
    """Collect once, also among what was loaded when collections were resumed."""
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
