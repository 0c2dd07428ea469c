"""A server of the example's model, and clients in environments of their own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.models import iris_forest, save
from support.processes import Served, served
from support.time_limits import COMMAND_S

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODEL = "flowers"
ENVIRONMENTS = {
    "tritonclient": ROOT / "tests/.venvs/tritonclient",
    "kserve": ROOT / "tests/.venvs/kserve",
    "mlflow": ROOT / "tests/.venvs/mlflow",
    "mlserver": ROOT / "benchmarks/.venvs/mlserver",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real process of `foreseen serve`."""
    with served(save(iris_forest(), tmp_path_factory.mktemp("flowers")), "--name", MODEL) as running:
        yield running


@pytest.fixture
def run_client(server: Served) -> Callable[..., None]:
    """Run a program of an environment to its end, which has to be a good one."""

    def run(environment: str, *command: object) -> None:
        program = ENVIRONMENTS[environment] / "bin" / str(command[0])
        line = [str(program), *map(str, command[1:])]
        variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests"), "PYTHONWARNINGS": "ignore"}
        ended = subprocess.run(
            line, capture_output=True, text=True, cwd=HERE, env=variables, timeout=COMMAND_S, check=False
        )
        assert ended.returncode == 0, f"{ended.stdout[-2000:]}{ended.stderr[-4000:]}"

    return run


@pytest.fixture
def model_name() -> str:
    """The name of the model."""
    return MODEL


@pytest.fixture
def address(server: Served) -> str:
    """Where it listens, without a scheme."""
    return server.url.removeprefix("http://")
