"""The memory of a process that goes through files: when garbage is collected, and what Arrow allocates with."""

import os
from typing import Final

from foreseen.domain.garbage_collection import FOR_FILES, resume_collections

ARROW_VARIABLE: Final = "ARROW_DEFAULT_MEMORY_POOL"
"""With it the user chooses what Arrow allocates with."""


def prepare_for_files() -> None:
    """Collect garbage again, but nothing of what is loaded by now, and have Arrow allocate with jemalloc.

    A file goes through chunk after chunk of one size. Arrow's default, mimalloc, takes an eighth more memory for that,
    and where the system is slow to clear pages a fifth more time.
    """
    resume_collections(FOR_FILES)
    import pyarrow as pa  # noqa: PLC0415 - a service never needs it

    if ARROW_VARIABLE not in os.environ and "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
