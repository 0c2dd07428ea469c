"""The memory of a process: what collects garbage and what Arrow allocates with, for starting and for files."""

import gc
import os
from typing import Final

COLLECTED_AFTER: Final = (200_000, 20, 50)
"""New objects after which the young are gone through, and how often before the middle-aged are, and all.

A chunk makes some objects for each of its rows, and lets go of all of them without the collector's help: by default it
goes through them a hundred times a chunk, which is half of what a row costs that is answered from Redis.
"""


ARROW_VARIABLE: Final = "ARROW_DEFAULT_MEMORY_POOL"
"""With it the user chooses what Arrow allocates with."""


def put_off_collections() -> None:
    """Collect nothing while everything is imported and loaded: it takes a tenth of the time, and finds nothing."""
    gc.disable()


def prepare_for_files() -> None:
    """Collect garbage again, but nothing of what is loaded by now, and have Arrow allocate with jemalloc.

    A file goes through chunk after chunk of one size. Arrow's default, mimalloc, takes an eighth more memory for that,
    and where the system is slow to clear pages a fifth more time.
    """
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    gc.enable()
    import pyarrow as pa  # noqa: PLC0415 - a service never needs it

    if ARROW_VARIABLE not in os.environ and "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
