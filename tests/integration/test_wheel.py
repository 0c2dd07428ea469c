"""The wheel holds all that the service needs."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from support.clone import ROOT, clone_to
from support.processes import environment


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The wheel, built from what would be cloned."""
    source = clone_to(tmp_path / "source")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist"], source)
    (built,) = (tmp_path / "dist").glob("*.whl")
    return built


@pytest.mark.timeout(900)
def test_the_wheel_in_an_empty_environment_answers_a_request(wheel: Path, iris_model: Path, tmp_path: Path) -> None:
    _run([sys.executable, "-m", "venv", "--without-pip", "empty"], tmp_path)
    pip = [sys.executable, "-m", "pip", "--python", tmp_path / "empty" / "bin" / "python"]
    # What is not imported need not be compiled.
    _run([*pip, "install", "--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt", wheel], tmp_path)

    command = [str(tmp_path / "empty" / "bin" / "foreseen"), "serve", str(iris_model), "--port", "0"]
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
    with urllib.request.urlopen(url, timeout=30) as response:
        body: bytes = response.read()
    return body


def _run(command: list[object], folder: Path) -> None:
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
