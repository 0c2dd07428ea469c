"""Garbage collection: put off while a command starts, and rarer while it goes through files."""

import gc
from typing import Final

COLLECTED_AFTER: Final = (200_000, 20, 50)
"""New objects after which the young are gone through, and how often before the middle-aged are, and all.

A chunk makes some objects for each of its rows, and lets go of all of them without the collector's help: by default it
goes through them a hundred times a chunk, which is half of what a row costs that is answered from Redis.
"""


def put_off() -> None:
    """Collect nothing while everything is imported and loaded: it takes a tenth of the time, and finds nothing."""
    gc.disable()


def take_up_for_files() -> None:
    """Collect again, but nothing of what is loaded by now."""
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    gc.enable()
