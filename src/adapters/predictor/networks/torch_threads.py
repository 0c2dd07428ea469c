"""How PyTorch computes: with the threads that the settings say, and the same bits wherever a row is in a batch."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.networks.torch_tensors import default_dtype
from foreseen.domain.errors import ModelUnavailableError

_MKL: Final = "MKL_CBWR"
_STRICT: Final = "AVX2,STRICT"
"""The branch of MKL in which the bits of a row depend neither on its place in memory nor on the kind of CPU.

Otherwise a layer of 50 numbers to 3 gives a row other bits in other places of the same batch, whatever its size.

Source:
    https://www.intel.com/content/www/us/en/docs/onemkl/developer-guide-linux/2025-2/reproducibility-conditions.html
"""


_TOO_LATE: Final = " too late"
"""What follows the branch in a fingerprint if PyTorch was there before it was chosen, and may compute with another."""


class _Chosen:
    is_late = False


_chosen: Final = _Chosen()


def have_same_bits_everywhere() -> None:
    """Have MKL, before it is used first, compute a row alike wherever it is; what the environment says comes first."""
    if _MKL not in os.environ:
        os.environ[_MKL] = _STRICT
        _chosen.is_late = "torch" in sys.modules


def limit_torch(torch: ModuleType, threads: int, *, path: Path) -> None:
    """Have PyTorch compute with so many threads, and each row of a transformer alike whatever is beside it.

    Args:
        path: of the model, which errors name.
    Raises:
        ModelUnavailableError: it does not compute with so many.
    """
    # Which otherwise depends on the padding of all rows of a batch, and fills up a shorter one with zeros.
    torch.backends.mha.set_fastpath_enabled(False)
    _use_threads(torch, threads)
    if (found := torch.get_num_threads()) != threads:
        raise ModelUnavailableError(
            f"{path}: expected PyTorch to compute with {threads} threads (model_threads), got {found}"
        )


@contextmanager
def computing(torch: ModuleType, threads: int) -> Iterator[None]:
    """Compute with so many threads and without gradients, whatever else the process computes with.

    Raises:
        ValueError: a value is no place in a table, as of an embedding.
    """
    _use_threads(torch, threads)
    try:
        with torch.inference_mode(), default_dtype(torch, torch.float32):
            yield
    except IndexError as exc:
        raise ValueError(str(exc)) from exc


def _use_threads(torch: ModuleType, threads: int) -> None:
    """Have the calling thread compute with so many; another begins with those that any thread has set last."""
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def torch_kernels(torch: ModuleType) -> dict[str, bytes]:
    """Return what chooses PyTorch's kernels, and so the last bits: the instructions of the CPU that it uses."""
    branch = os.environ.get(_MKL, "") + (_TOO_LATE if _chosen.is_late else "")
    return {"kernels of PyTorch": f"{torch.backends.cpu.get_cpu_capability()} {branch}".encode()}
