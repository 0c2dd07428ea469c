"""The number of threads that libraries compute with: fixed, because it changes the last bits of sums."""

import os
import threading
from typing import ClassVar

import threadpoolctl

from foreseen.adapters.predictor.call_sizes.thread_environment import thread_environment


class ThreadLimit:
    """Limits the loaded libraries to a number of threads, in each thread that calls them.

    OpenMP keeps the limit per calling thread, and a thread started later begins with as many as there are cores. BLAS
    has one for the process, which a model with another limit may have changed since.
    """

    _latest: ClassVar[int | None] = None
    """The number of threads that was applied last in this process."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._applied = threading.local()
        os.environ |= thread_environment(threads)  # for libraries that are loaded later

    def apply_to_loaded(self) -> None:
        """Apply the limit to the calling thread again, now that the model has loaded its libraries."""
        self._applied.done = False
        self.apply()

    def apply(self) -> None:
        """Apply the limit to the calling thread from now on; cheap after the first time, until another is applied."""
        if not getattr(self._applied, "done", False) or ThreadLimit._latest != self._threads:
            threadpoolctl.threadpool_limits(self._threads)
            self._applied.done = True
            ThreadLimit._latest = self._threads


def blas_kernels() -> str:
    """Return the names of the loaded BLAS kernels, which determine the last bits of matrix products; "" without any.

    Source:
        https://github.com/OpenMathLib/OpenBLAS, which chooses a kernel by the CPU or by OPENBLAS_CORETYPE
    """
    found = threadpoolctl.threadpool_info()
    named = {f"{each['internal_api']} {each.get('architecture') or ''}" for each in found if each["user_api"] == "blas"}
    return ", ".join(sorted(named))
