"""Servers, and clients in environments of their own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.models import iris_forest, mixed_pipeline, save
from support.processes import served
from support.time_limits import COMMAND_S

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = {
    "tritonclient": ROOT / "tests/.venvs/tritonclient",
    "kserve": ROOT / "tests/.venvs/kserve",
    "mlflow": ROOT / "tests/.venvs/mlflow",
    "mlserver": ROOT / "benchmarks/.venvs/mlserver",
}


@pytest.fixture(scope="session")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real `foreseen serve` of a model named flowers."""
    model = save(iris_forest(), tmp_path_factory.mktemp("flowers"))
    with served(model, "--name", "flowers") as running:
        yield running.url.removeprefix("http://")


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one of a model named colours, which takes texts and has two outputs."""
    model = save(mixed_pipeline(), tmp_path_factory.mktemp("colours"))
    with served(model, "--name", "colours", "--outputs", "predict,predict_proba") as running:
        yield running.url.removeprefix("http://")


@pytest.fixture(scope="session")
def run_client() -> Callable[..., None]:
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
