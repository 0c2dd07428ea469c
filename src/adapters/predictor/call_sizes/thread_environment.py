"""The variables that hold the libraries of a new process to a number of threads."""

from typing import Final

VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What libraries read as they are loaded; OpenMP's reaches those of XGBoost, LightGBM and PyTorch too.

Source:
    https://scikit-learn.org/stable/computing/parallelism.html
"""


def thread_environment(threads: int) -> dict[str, str]:
    """Return the variables of a process whose libraries are to use so many threads."""
    return dict.fromkeys(VARIABLES, str(threads))
