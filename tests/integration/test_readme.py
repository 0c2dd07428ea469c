"""The README is true: its commands are run unchanged, and its tables compared with the code."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from foreseen.settings import Settings
from support.own_port import own_port
from support.processes import environment
from support.project_copy import ROOT, clone_to
from support.readme_commands import Shown, agrees, console_commands

README = ROOT / "README.md"
NOT_RUN_HERE = {"make test"}
"""This test is a part of it."""


def test_the_readme_is_under_200_lines() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 200


def test_the_readme_names_every_setting_with_its_default() -> None:
    table = README.read_text(encoding="utf-8").split("## Settings")[1].split("## More")[0]
    named = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }

    assert named == set(Settings.model_fields)


@pytest.mark.parametrize("document", [README, ROOT / "docs" / "architecture.md"], ids=lambda path: path.name)
def test_every_place_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    places = re.findall(r"`((?:src|tests|examples|docs)/[\w./]*)`", text)
    links = [link for link in re.findall(r"\]\(([\w./]+)\)", text) if not link.startswith("http")]

    assert len(places) > 5
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_git_ignores_what_the_readme_writes() -> None:
    written = re.findall(r"--output (\S+)", README.read_text(encoding="utf-8"))
    names = [*written, *(f"{name}.rejects.csv" for name in written)]

    ignored = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, check=False, text=True)

    assert written
    assert ignored.stdout.split() == names


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of what is committed or about to be, with this environment, so that nothing here is written to."""
    copy = clone_to(tmp_path / "clone")
    (copy / ".venv").symlink_to(sys.prefix)
    return copy


class Terminal:
    """Runs commands in a folder one after the other; one that serves goes on until the next that serves."""

    def __init__(self, folder: Path, redis_url: str, port: int) -> None:
        self._folder = folder
        self._port = port
        self._redis = urlsplit(redis_url).netloc
        self._serving: subprocess.Popen[str] | None = None

    def type(self, shown: Shown) -> str:
        """Run a command and give what it printed, ports as the README has them."""
        command = shown.command.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}")
        command = command.replace("127.0.0.1:6379", self._redis)
        printed = self._serve(command) if " serve" in command else self._run(command)
        return printed.replace(f"127.0.0.1:{self._port}", "127.0.0.1:8000").replace(self._redis, "127.0.0.1:6379")

    def close(self) -> None:
        """End what serves."""
        if self._serving is None:
            return
        os.killpg(self._serving.pid, signal.SIGINT)  # as Ctrl-C does: to make, and to what it runs
        self._serving.wait(timeout=120)
        assert self._serving.stdout is not None
        self._serving.stdout.close()
        self._serving = None

    def _run(self, command: str) -> str:
        env = environment(
            {"PYTHONPATH": "", "FORESEEN_MODEL_ENGINE": "auto", "FORESEEN_REDIS_URL": f"redis://{self._redis}/0"}
        )
        done = subprocess.run(
            ["bash", "-c", command],
            check=False,
            cwd=self._folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=900,
        )
        return done.stdout.decode()

    def _serve(self, command: str) -> str:
        self.close()
        command += f" PORT={self._port}" if command.startswith("make") else f" --port {self._port}"
        words = re.sub(r"^((?:\w+=\S+ )*)", r"\1exec ", command)
        self._serving = subprocess.Popen(
            ["bash", "-c", words],
            start_new_session=True,
            cwd=self._folder,
            # So that a busy machine does not disable Redis; the output is as without.
            env=environment({"PYTHONPATH": "", "FORESEEN_MODEL_ENGINE": "auto", "FORESEEN_REDIS_TIMEOUT": "10s"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = []
        for line in self._serving.stdout or ():
            lines.append(line)
            if "/docs" in line:
                break
        return "".join(lines)


@pytest.fixture
def terminal(clone: Path, redis_url: str) -> Iterator[Terminal]:
    """A terminal in a clone, with a Redis."""
    with own_port() as port:
        opened = Terminal(clone, redis_url, port)
        yield opened
        opened.close()


@pytest.mark.timeout(1800)
def test_every_command_of_the_readme_prints_what_it_shows(terminal: Terminal, clone: Path) -> None:
    # Otherwise make would install the clone into the environment that runs this test.
    assert subprocess.run(["make", "-q", ".venv/.installed"], cwd=clone, check=False).returncode == 0, (
        "run make install"
    )

    commands = console_commands(README)
    assert len(commands) > 12
    for shown in commands:
        if shown.command in NOT_RUN_HERE:
            assert subprocess.run(["make", "-n", "test"], cwd=clone, capture_output=True, check=False).returncode == 0
            continue
        printed = terminal.type(shown)
        assert agrees(shown.output, printed), f"$ {shown.command}\nshown:\n{shown.output}\nprinted:\n{printed}"
