"""Servers of a model of flowers, each a process of its own on loopback, ended by its id."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
STARTS_S: Final = 300.0
MODEL: Final = "iris"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers.

    Attributes:
        rest: its URL.
        grpc: its address, or an empty text where it has no gRPC.
        model: the name of its model.
    """

    rest: str
    grpc: str = ""
    model: str = MODEL


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started.

    Attributes:
        title: its name and version.
        run: runs it for a block.
    """

    title: str
    run: Callable[[], AbstractContextManager[Running]]


@contextmanager
def foreseen() -> Iterator[Running]:
    """Run `foreseen serve` of this environment with the example's model."""
    port = free_port()
    model = ROOT / "examples" / "iris" / "model.joblib"
    command = [sys.executable, "-m", "foreseen", "serve", model, "--port", port, "--name", MODEL]
    with _answering(command, f"http://127.0.0.1:{port}/readyz") as url:
        yield Running(url)


@contextmanager
def mlserver(environment: Path) -> Iterator[Running]:
    """Run MLServer with its own runtime of scikit-learn; metadata of its model are settings."""
    with tempfile.TemporaryDirectory() as folder:
        file = _trained(environment, folder)
        rest, grpc, metrics = free_port(), free_port(), free_port()
        server = {"debug": False, "host": "127.0.0.1", "parallel_workers": 0, "metrics_dir": folder}
        ports = {"http_port": rest, "grpc_port": grpc, "metrics_port": metrics}
        Path(folder, "settings.json").write_text(json.dumps(server | ports))
        model = {
            "name": MODEL,
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": file},
            "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, 4]}],
            "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1, 1]}],
        }
        Path(folder, "model-settings.json").write_text(json.dumps(model))
        command = [environment / "bin" / "mlserver", "start", folder]
        with _answering(command, f"http://127.0.0.1:{rest}/v2/models/{MODEL}/ready") as url:
            yield Running(url, f"127.0.0.1:{grpc}")


@contextmanager
def kserve(environment: Path) -> Iterator[Running]:
    """Run KServe's ModelServer with a model of a few lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = _trained(environment, folder)
        rest, grpc = free_port(), free_port()
        script = HERE / "peers" / "serve_with_kserve.py"
        command = [environment / "bin" / "python", script, file, "--http_port", rest, "--grpc_port", grpc]
        with _answering(command, f"http://127.0.0.1:{rest}/v2/models/{MODEL}/ready") as url:
            yield Running(url, f"127.0.0.1:{grpc}")


def _trained(environment: Path, folder: str) -> str:
    file = f"{folder}/model.joblib"
    subprocess.run([environment / "bin" / "python", HERE / "peers" / "iris_model.py", file], check=True)
    return file


def free_port() -> int:
    """Return a port of loopback that no server listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def _answering(command: Sequence[object], ready: str) -> Iterator[str]:
    """Run a server and its children until the block ends; give its URL once it answers."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FORESEEN_")}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=subprocess.STDOUT, env=clean, start_new_session=True
        )
        try:
            if not _answers(ready, process):
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not start: {log.read()[-2000:]}")
            yield ready.split("/", 3)[0] + "//" + ready.split("/", 3)[2]
        finally:
            _end(process)


def _answers(ready: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(ready, timeout=5, trust_env=False).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: it and its children
        process.wait()
