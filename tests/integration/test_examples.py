"""The examples are run as docs/formats.md shows them: each trains a model, serves it, and answers what is shown."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from support.processes import WITHOUT_TLS, served
from support.project_copy import ROOT
from support.readme_commands import Shown, agrees, console_commands
from support.time_limits import COMMAND_S

FORMATS = ROOT / "docs" / "formats.md"
EXAMPLES = ROOT / "examples"
LIBRARIES = {
    "catboost": "catboost",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "mlflow": "mlflow",
    "onnx": "skl2onnx",
    "skops": "skops",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "torch_module": "torch",
    "xgboost": "xgboost",
}
"""What each example imports besides scikit-learn; the heavy ones are installed by their own targets of the Makefile."""


@dataclass
class Walk:
    """What is typed to train one model, serve it and send requests."""

    folder: str = "."
    before: list[Shown] = field(default_factory=list)
    serve: str = ""
    curls: list[Shown] = field(default_factory=list)

    @property
    def example(self) -> str:
        """The name of the folder of the example."""
        found = re.search(r"examples/(\w+)", " ".join([self.folder, self.serve]))
        return found[1] if found else ""


def walks() -> Iterator[Walk]:
    """Yield what the document shows, from a training or a change of the folder to the last request."""
    walk = Walk()
    for shown in console_commands(FORMATS):
        program = shown.command.split()[0]
        if program in ("python", "cd") and walk.serve:
            walk = Walk()
        if program == "cd":
            walk.folder = shown.command.split()[1]
        elif program == "python":
            walk.before.append(shown)
        elif shown.command.startswith("foreseen serve examples/") or (walk.folder != "." and "serve" in shown.command):
            walk.serve = shown.command
        elif program == "curl" and walk.serve:
            walk.curls.append(shown)
            if len(walk.curls) == 1:
                yield walk


SHOWN = {walk.example: walk for walk in walks()}


def test_every_example_is_shown() -> None:
    with_a_page_of_their_own = {"iris", "digits"}
    assert {each.name for each in EXAMPLES.iterdir() if each.is_dir()} - with_a_page_of_their_own == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_answers_what_its_document_shows(name: str, tmp_path: Path) -> None:
    library = LIBRARIES.get(name)
    if library and find_spec(library) is None:
        pytest.skip(f"without {library}")
    walk, here = SHOWN[name], tmp_path / "examples" / name
    # Not what an earlier training has left.
    shutil.copytree(EXAMPLES / name, here, ignore=lambda _, names: [each for each in names if is_left_over(each)])

    for shown in walk.before:
        line = [sys.executable, *shlex.split(shown.command)[1:]]
        done = subprocess.run(line, capture_output=True, timeout=COMMAND_S, check=False, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert agrees(shown.output or "…", done.stdout)

    with (
        served(*shlex.split(walk.serve)[2:], cwd=tmp_path / walk.folder) as running,
        httpx.Client(**WITHOUT_TLS) as client,
    ):
        for shown in walk.curls:
            url = shlex.split(shown.command)[1].replace("http://127.0.0.1:8000", running.url)
            assert agrees(shown.output, client.get(url).text)


def is_left_over(name: str) -> bool:
    return Path(name).suffix not in (".py", ".toml")
