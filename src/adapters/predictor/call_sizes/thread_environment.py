"""The environment variables that limit how many threads the libraries of a new process use."""

from typing import Final

VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""Libraries read them while they are loaded; XGBoost, LightGBM and PyTorch heed OMP_NUM_THREADS.

Source:
    https://scikit-learn.org/stable/computing/parallelism.html
"""


def thread_environment(threads: int) -> dict[str, str]:
    """Return the environment variables of a process whose libraries use this many threads."""
    return dict.fromkeys(VARIABLES, str(threads))
