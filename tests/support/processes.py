"""Real processes of the command, on free ports, ended when the test is over."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final
from urllib.parse import urlsplit

import httpx

from support.fork_server import FORKED_MODEL, FORKED_WORKER
from support.forked_process import ForkedPopen, can_be_forked
from support.process_facts import unread
from support.time_limits import COMMAND_S, PATIENCE_S

ANSWER_S: Final = PATIENCE_S
"""Seconds in which a service answers and ends, if it does at all."""

WITHOUT_TLS: Final[Mapping[str, Any]] = {"timeout": ANSWER_S, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
"""For clients of services without TLS: to load the authorities that others trust takes each client 30 ms."""

TESTS: Final = Path(__file__).parents[1]
HELD: Final = "our code held the event loop"
"""What support.serve_with_loop_watch says of it."""


@dataclass
class Served:
    """A running `foreseen serve`.

    Attributes:
        url: where it listens.
        out: what it wrote to standard output so far.
        err: what it wrote to standard error so far.
    """

    process: subprocess.Popen[str]
    url: str = ""
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """What it wrote to standard error but for what is always logged: that it starts, reloads and stops."""
        return [line for line in self.err if "[info " not in line]

    def get(self, path: str, **query: object) -> httpx.Response:
        """Send a GET."""
        return httpx.get(self.url + path, params={name: str(value) for name, value in query.items()}, **WITHOUT_TLS)

    def post(self, body: object, path: str = "/predict") -> httpx.Response:
        """Send a POST of JSON."""
        return httpx.post(self.url + path, json=body, **WITHOUT_TLS)

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sent)
        return self.process.wait(timeout=ANSWER_S)


def command(*args: object, module: str = "foreseen") -> list[str]:
    """Return the command line of the installed command."""
    return [sys.executable, "-m", module, *map(str, args)]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without settings of ours, with the modules of tests' models, and some more.

    Models have no engine unless a test is about it: to compare one takes a quarter of a start.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FORESEEN_")}
    clean.pop("PYTHONDONTWRITEBYTECODE", None)  # to compile it all is a tenth of a start
    clean["PYTHONPATH"] = os.pathsep.join([str(TESTS), *filter(None, [clean.get("PYTHONPATH")])])
    return clean | {"NO_COLOR": "1", "COLUMNS": "100", "FORESEEN_MODEL_ENGINE": "library"} | dict(extra or {})


def run(
    *args: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    module: str = "foreseen",
) -> subprocess.CompletedProcess[bytes]:
    """Run the command, or another module, to its end, forked where it may be."""
    line = command(*args, module=module)
    pipe = subprocess.PIPE
    with starter(env)(line, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(env), cwd=cwd) as process:
        try:
            out, err = process.communicate(stdin, timeout=COMMAND_S)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(line, process.returncode, out, err)


@contextmanager
def watched(*args: object) -> Iterator[Served]:
    """Run `foreseen serve` as `served`, and fail in the end if its own code held the event loop."""
    with served(*args, module="support.serve_with_loop_watch") as running:
        yield running
    held = [line for line in running.err if HELD in line]
    assert not held, held


@contextmanager
def served(
    *args: object,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    flags: Sequence[str] = (),
    module: str = "foreseen",
    is_fresh: bool = False,
) -> Iterator[Served]:
    """Run `foreseen serve` on a free port until the block ends, forked where it may be.

    Args:
        flags: for Python.
        is_fresh: whether Python is to start, which hashes texts as no other process does.
    """
    python, *line = command("serve", *args, "--port", "0", module=module)
    start = subprocess.Popen if flags or is_fresh else starter(env)
    process = start(
        [python, *flags, *line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(env),
        cwd=cwd,
    )
    running = Served(process)
    readers = [_collect(process.stdout, running.out), _collect(process.stderr, running.err)]
    try:
        running.url = _announced_url(running)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for reader in readers:
            reader.join(timeout=PATIENCE_S)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()


def starter(changes: Mapping[str, str] | None = None) -> "type[subprocess.Popen[Any]]":
    """Return what starts commands with these changes to the environment: forked where they may be."""
    return ForkedPopen if can_be_forked(changes or {}) else subprocess.Popen


def wait_until(is_so: Callable[[], bool], *, seconds: float = PATIENCE_S) -> None:
    """Wait for something to become so, and fail if it does not."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def wait_until_heard(running: Served) -> None:
    """Wait until a service of one process has read all that was sent to it, and has begun on it."""
    wait_until(lambda: not unread(_port(running)))
    for _ in range(3):  # each takes turns of the event loop, in which what was read before it goes as far as it gets
        running.get("/livez")


def wait_until_closed(running: Served) -> None:
    """Wait until connecting fails: a stopping service closes its port first."""
    wait_until(lambda: not _is_open(_port(running)))


def _port(running: Served) -> int:
    return urlsplit(running.url).port or 0


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def workers(running: Served) -> list[int]:
    """Return the process ids of the workers of a service."""
    # Python's resource tracker is a child as well.
    return _children(running.process.pid, "spawn_main", FORKED_WORKER)


def model_processes(pid: int) -> list[int]:
    """Return the process ids of the models that a process has started."""
    return _children(pid, "subprocess.child", FORKED_MODEL)


def _children(pid: int, *said: str) -> list[int]:
    """Return the children of a process that have one of these in their command line, or in their name on Linux."""
    by_thread = list(Path(f"/proc/{pid}/task").glob("*/children"))
    if by_thread:  # images for containers have no ps
        started = [child for children in by_thread for child in children.read_text().split()]
        lines = {int(child): _command_line(child) for child in started}
    else:
        listed = subprocess.run(["ps", "-Aww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        fields = [line.split(None, 2) for line in listed.stdout.splitlines()]
        lines = {int(child): " ".join(line) for child, parent, *line in fields if int(parent) == pid}
    return [child for child, line in lines.items() if any(each in line for each in said)]


def _command_line(pid: str) -> str:
    try:
        return "".join(Path(f"/proc/{pid}/{said}").read_text() for said in ("cmdline", "comm"))
    except OSError:  # it has ended meanwhile
        return ""


def _collect(stream: IO[str] | None, lines: list[str]) -> Thread:
    """Read lines as they come, so that the process never waits for its pipe."""

    def read() -> None:
        for line in stream or ():
            lines.append(line)  # noqa: PERF402 - extend would show none before the last

    thread = Thread(target=read, daemon=True)
    thread.start()
    return thread


def _announced_url(running: Served) -> str:
    deadline = time.monotonic() + COMMAND_S
    while time.monotonic() < deadline:
        match = re.search(r"(https?://\S+)/docs", "".join(running.out))
        if match:
            return match[1]
        if running.process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"foreseen serve did not start: {''.join(running.out)}{''.join(running.err)}")
