"""Processes that are started, found to answer, and ended."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

BENCHMARKS = Path(__file__).parents[1]
STARTUP_S = 300.0


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


@contextmanager
def answering(command: Sequence[str], ready: str, *, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a server and its children until the block ends; it begins once the server answers at a URL.

    While others are measured it can be held: LitServe takes a tenth of a core when it has nothing to do.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment(env), start_new_session=True
        )
        try:
            _wait_for(ready, process, log)
            PROCESS_GROUPS[urlsplit(ready).netloc] = process.pid
            yield
        finally:
            PROCESS_GROUPS.pop(urlsplit(ready).netloc, None)
            _end_all_of(process)


PROCESS_GROUPS: dict[str, int] = {}
"""Process groups of servers that can be held, by their place in a URL."""


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Hold every server that can be held, but for the one at a URL, until the block ends."""
    others = [group for place, group in PROCESS_GROUPS.items() if place != urlsplit(url).netloc]
    for group in others:
        os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        for group in others:
            os.killpg(group, signal.SIGCONT)


def free_port() -> int:
    """Return a port of loopback that no server listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


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


def _wait_for(ready: str, process: "subprocess.Popen[bytes]", log: TextIO) -> None:
    deadline = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(ready, timeout=5):  # noqa: S310 - our own process
            return
        time.sleep(0.05)
    log.seek(0)
    sys.exit(f"expected {' '.join(map(str, process.args))} to answer at {ready}, got:\n{log.read()}")  # type: ignore[arg-type]


def _end_all_of(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it started: some leave their children when they are ended alone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
