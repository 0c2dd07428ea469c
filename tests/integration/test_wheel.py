"""The wheel holds, and declares, all that the service needs."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.processes import environment
from support.project_copy import clone_to
from support.time_limits import PATIENCE_S
from support.wheel_environment import environment_of


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what would be cloned."""
    folder = tmp_path_factory.mktemp("wheel")
    source = clone_to(folder / "source")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist"], source)
    (built,) = (folder / "dist").glob("*.whl")
    return built


def test_the_wheel_brings_the_command(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (listed,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert b"foreseen = foreseen.__main__:main" in archive.read(listed)


@pytest.mark.timeout(900)
def test_the_wheel_with_what_it_requires_answers_a_request(wheel: Path, iris_model: Path, tmp_path: Path) -> None:
    python = environment_of(wheel, tmp_path / "empty")

    command = [str(python), "-m", "foreseen", "serve", str(iris_model), "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment({"PYTHONPATH": ""}), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            announced = next(found for line in process.stdout or () if (found := re.search(r"curl '(\S+)'", line)))
            assert _get(announced[1]).startswith(b'{"prediction":')
            assert b"swagger" in _get(announced[1].split("/predict")[0] + "/docs")
        finally:
            process.terminate()


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
        body: bytes = response.read()
    return body


def _run(command: list[object], folder: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
