"""The memory of a process that scores files: when garbage is collected, and Arrow's allocator."""

import os
from typing import Final

from foreseen.process.garbage_collection import FOR_FILES, resume_collections

ARROW_VARIABLE: Final = "ARROW_DEFAULT_MEMORY_POOL"
"""The environment variable by which a user chooses Arrow's allocator."""


def prepare_for_files() -> None:
    """Resume garbage collection, except of what is loaded by now, and let Arrow allocate with jemalloc.

    The chunks of a file are all of one size. Arrow's default, mimalloc, takes an eighth more memory for them, and a
    fifth more time where the system is slow to clear pages.
    """
    resume_collections(FOR_FILES)
    import pyarrow as pa  # noqa: PLC0415 - a service never needs it

    if ARROW_VARIABLE not in os.environ and "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
