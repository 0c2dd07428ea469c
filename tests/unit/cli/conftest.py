"""The command in this process, its settings read from nowhere else."""

import os

import pytest

from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.process.exit_codes import run
from support.called_command import Called, Ended
from support.command_in_process import own_logs


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FORESEEN_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def called(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Called:
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*args: str) -> Ended:
        with own_logs():
            code = run(lambda: app(list(args), prog_name="foreseen", standalone_mode=False))
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return call
