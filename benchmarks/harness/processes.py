"""Processes that are started, found to answer, and ended."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

BENCHMARKS = Path(__file__).parents[1]
STARTUP_S = 60.0


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment without Foreseen's settings, with the benchmarks to import from, and more."""
    # Nor is code compiled anew by each process, as some containers have it.
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FORESEEN_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    path = os.pathsep.join([str(BENCHMARKS), *filter(None, [clean.get("PYTHONPATH")])])
    return clean | {"PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "100"} | dict(extra or {})


@contextmanager
def running(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server until the block ends, and give the URL that it says it listens on."""
    # A file takes what it writes, so that it never waits for a full pipe.
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment(env))
        try:
            yield _announced_url(process, log)
        finally:
            end(process)


def end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """Tell a process to end, and see that it does."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep that many cores busy, or share fewer among as many processes, until the block ends."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            end(loop)


def _announced_url(process: "subprocess.Popen[bytes]", log: TextIO) -> str:
    deadline = time.monotonic() + STARTUP_S
    said = ""
    while time.monotonic() < deadline and process.poll() is None:
        log.seek(0)
        said = log.read()
        # uvicorn and Foreseen each say it in a line of their own.
        if match := re.search(r"(?:running on|docs\s+)\D*?(http://127\.0\.0\.1:\d+)", said):
            return match[1]
        time.sleep(0.02)
    sys.exit(f"expected {' '.join(map(str, process.args))} to listen, got:\n{said}")  # type: ignore[arg-type]
