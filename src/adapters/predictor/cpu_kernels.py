"""CPU kernels: what of a processor decides by which kernels a library multiplies, and so the last bits of sums."""

import platform
from pathlib import Path
from typing import Final

_CPU: Final = Path("/proc/cpuinfo")
_FEATURES: Final = frozenset(
    {
        "sse4_1", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512dq", "avx512vl",
        "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16",
        "asimd", "asimdhp", "asimddp", "asimdfhm", "i8mm", "bf16", "sve", "sve2", "sme",
    }
)  # fmt: skip
"""Instructions for which onnxruntime and oneDNN have kernels of their own, as Linux names them.

Source:
    onnxruntime, core/mlas/lib/platform.cpp; oneDNN, src/cpu/platform.cpp
"""


def cpu_kernels() -> str:
    """Return the processor's architecture and those of its instructions that libraries have kernels for."""
    try:
        lines = _CPU.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    flags = next((line for line in lines if line.partition(":")[0].strip() in ("flags", "Features")), "")
    return " ".join([platform.machine(), *sorted(_FEATURES & set(flags.partition(":")[2].split()))])
