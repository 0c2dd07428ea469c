"""How PyTorch computes: with the threads that the settings say, and the same bits wherever a row is in a batch."""

import os
from types import ModuleType
from typing import Final

from foreseen.domain.errors import ModelUnavailableError

_MKL: Final = "MKL_CBWR"
_STRICT: Final = "AVX2,STRICT"
"""The branch of MKL in which the bits of a row depend neither on its place in memory nor on the kind of CPU.

Otherwise a layer of 50 numbers to 3 gives a row other bits in other places of the same batch, whatever its size.

Source:
    https://www.intel.com/content/www/us/en/docs/onemkl/developer-guide-linux/2025-2/reproducibility-conditions.html
"""


def have_same_bits_everywhere() -> None:
    """Have MKL, before it is used first, compute a row alike wherever it is; what the environment says comes first."""
    os.environ.setdefault(_MKL, _STRICT)


def limit_torch(torch: ModuleType, threads: int) -> None:
    """Have PyTorch compute with so many threads; raise ModelUnavailableError if it does not."""
    torch.set_num_threads(threads)
    if (found := torch.get_num_threads()) != threads:
        raise ModelUnavailableError(f"expected PyTorch to compute with {threads} threads, got {found}")


def torch_kernels(torch: ModuleType) -> dict[str, bytes]:
    """Return what chooses PyTorch's kernels, and so the last bits: the instructions of the CPU that it uses."""
    found = f"{torch.backends.cpu.get_cpu_capability()} {os.environ.get(_MKL, '')}"
    return {"kernels of PyTorch": found.encode()}
