"""A model that fails on some rows of a file costs these rows and nothing else (J1), and ends no command (J2)."""

import csv
import os
import signal
import subprocess
from pathlib import Path

import pytest

from support.command_in_process import run_here
from support.held_model import Holds
from support.models import pickled_by_hand
from support.processes import command, environment, model_processes, run, wait_until
from support.time_limits import PATIENCE_S

OWN = """
import os, signal
from pathlib import Path

from support.held_model import wait_while_held

PRICES = {100: 1.0}
HERE = Path(__file__).parent


class Lookup:
    n_features_in_ = 1

    def predict(self, rows):
        return [PRICES[int(row)] if row >= 100 else row * 2 for row in rows[:, 0]]


class Leaving(Lookup):
    def predict(self, rows):
        if 666 in rows[:, 0]:
            os._exit(0)
        return super().predict(rows)


class Killed(Lookup):
    def predict(self, rows):
        if 666 in rows[:, 0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(rows)


class Hungry(Lookup):
    def predict(self, rows):
        if len(rows) > 64:  # as where memory ends
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(rows)


class Always(Lookup):
    def predict(self, rows):
        os._exit(0)


class Held(Lookup):
    def predict(self, rows):
        if len(rows) > 1000:
            wait_while_held([1], HERE)
        return super().predict(rows)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("failing")
    (made / "ownfailing.py").write_text(OWN)
    for name in ("Lookup", "Leaving", "Killed", "Hungry", "Always", "Held"):
        pickled_by_hand(made / f"{name}.joblib", "ownfailing")
    return made


def table(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def given(folder: Path, name: str, values: list[int]) -> str:
    (folder / name).write_text("x0\n" + "".join(f"{value}\n" for value in values))
    return name


def test_a_late_key_error_rejects_only_its_row(folder: Path) -> None:
    values = [row % 90 for row in range(60_000)]
    values[50_000] = 101
    source = given(folder, "far.csv", values)

    done = run_here("score", "Lookup.joblib", source, "-o", "far-out.csv", cwd=folder)

    assert (done.returncode, done.stderr) == (3, b"foreseen: rejected 1 row, see far-out.csv.rejects.csv\n")
    assert table(folder / "far-out.csv.rejects.csv")[1:] == [
        ["far.csv", "50002", "", "the model failed in predict: KeyError: 101", "101"]
    ]
    assert len(table(folder / "far-out.csv")) == 60_000


def test_a_run_stopped_by_a_failing_row_resumes_without_it(folder: Path) -> None:
    source = given(folder, "stop.csv", [1, 101, 3])
    line = ("score", "Lookup.joblib", source, "-o", "stop-out.csv")

    stopped = run_here(*line, "--on-error", "stop", cwd=folder)
    resumed = run_here(*line, "--resume", cwd=folder)

    assert stopped.returncode == 1
    assert stopped.stderr.decode().startswith("foreseen: stop.csv, line 3: the model failed in predict: KeyError: 101")
    assert resumed.returncode == 3
    assert table(folder / "stop-out.csv")[1:] == [["1", "2.0"], ["3", "6.0"]]


@pytest.mark.parametrize(
    ("model", "ending"), [("Leaving", "ended with exit code 0"), ("Killed", "was ended by SIGKILL")]
)
def test_a_row_that_ends_the_models_process_is_a_reject(folder: Path, model: str, ending: str) -> None:
    source = given(folder, f"{model}.csv", [1, 2, 666, 4])

    done = run("score", f"{model}.joblib", source, "-o", "-", "--rejects", f"{model}-rejects.csv", cwd=folder)

    assert done.returncode == 3
    assert done.stdout == b"x0,prediction\n1,2.0\n2,4.0\n4,8.0\n"
    said = done.stderr.decode()
    assert f"the model's process {ending}: another one is started" in said
    assert said.endswith(f"foreseen: rejected 1 row, see {model}-rejects.csv\n")
    reason = f"the model's process {ending} when it was given this row alone"
    assert table(folder / f"{model}-rejects.csv")[1:] == [[source, "4", "", reason, "666"]]


def test_a_process_that_runs_out_of_memory_loses_no_row(folder: Path) -> None:
    source = given(folder, "many.csv", [row % 90 for row in range(2_000)])

    done = run("score", "Hungry.joblib", source, "-o", "many-out.csv", "--rows-per-call", "0", cwd=folder)

    assert done.returncode == 0
    assert len(table(folder / "many-out.csv")) == 2_001


def test_a_model_that_always_ends_its_process_is_rejected(folder: Path) -> None:
    done = run("score", "Always.joblib", given(folder, "one.csv", [1]), "-o", "always.csv", cwd=folder)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"foreseen: expected the model to load, but its process ended with exit code 0\n"


def test_a_killed_model_process_costs_the_run_nothing(folder: Path) -> None:
    """As by the kernel, where memory ends, or by an operator who takes it for another."""
    source = given(folder, "killed.csv", [row % 90 for row in range(100_000)])
    holds = Holds(folder)
    holds.hold(1)
    line = command("score", "Held.joblib", source, "-o", "killed-out.csv", "--rows-per-call", "0", "--cache", "none")
    process = subprocess.Popen(line, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    wait_until(lambda: holds.has_begun(1))

    (child,) = model_processes(process.pid)
    holds.let_go()
    os.kill(child, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "was ended by SIGKILL: another one is started" in said
    assert len(table(folder / "killed-out.csv")) == 100_001
