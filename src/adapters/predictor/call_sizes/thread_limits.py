"""The threads of the libraries that compute: a fixed number, since sums over several differ in their last bits."""

import os
import threading

import threadpoolctl

from foreseen.adapters.predictor.call_sizes.thread_environment import thread_environment


class ThreadLimit:
    """Holds the libraries that are loaded to a number of threads, in each thread that calls them.

    OpenMP keeps that number a thread, and a thread that did not exist at load begins with as many as there are cores.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._applied = threading.local()
        os.environ |= thread_environment(threads)  # for what is loaded later

    def apply_to_loaded(self) -> None:
        """Hold the calling thread to it, now that the model has loaded its libraries."""
        self._applied.done = False
        self.apply()

    def apply(self) -> None:
        """Hold the calling thread to it, from now on; quick after the first time."""
        if not getattr(self._applied, "done", False):
            threadpoolctl.threadpool_limits(self._threads)
            self._applied.done = True


def blas_kernels() -> str:
    """Return the names of the kernels that multiply matrices here, which decide the last bits; "" where none is loaded.

    Source:
        https://github.com/OpenMathLib/OpenBLAS, which chooses one by the CPU or by OPENBLAS_CORETYPE
    """
    found = threadpoolctl.threadpool_info()
    named = {f"{each['internal_api']} {each.get('architecture') or ''}" for each in found if each["user_api"] == "blas"}
    return ", ".join(sorted(named))
