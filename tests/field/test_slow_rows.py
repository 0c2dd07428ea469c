"""A model whose row takes 5 ms: shown, kept and stopped within seconds, and resumed within its chunk (I12)."""

import signal
import subprocess
from pathlib import Path

import pytest

from support.command_in_process import run_here
from support.models import pickled_by_hand
from support.processes import command, environment, starter, wait_until
from support.time_limits import PATIENCE_S

OWN = """
import time
from pathlib import Path

HERE = Path(__file__).parent


class Slow:
    n_features_in_ = 1

    def predict(self, rows):
        answers = []
        for row in rows[:, 0]:
            with (HERE / "called.txt").open("a") as file:
                file.write(f"{row:g}\\n")
            if row >= 1_000 and (HERE / "slow").exists():
                time.sleep(0.005)
            answers.append(row * 2)
        return answers
"""
ROWS = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ownslow.py").write_text(OWN)
    pickled_by_hand(tmp_path / "Slow.joblib", "ownslow")
    (tmp_path / "in.csv").write_text("x0\n" + "".join(f"{row}\n" for row in range(1_000, 1_000 + ROWS)))
    return tmp_path


def test_a_stopped_slow_run_computes_no_row_twice(folder: Path) -> None:
    line = ("score", "Slow.joblib", "in.csv", "-o", "out.csv.gz", "--cache", "none", "--jobs", "1")
    (folder / "slow").touch()
    process = starter()(
        command(*line, "--progress", "plain"), cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    )
    journal = folder / "out.csv.gz.journal"
    wait_until(lambda: journal.exists() and b'"piece"' in journal.read_bytes())
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)
    called = rows_called(folder)

    assert process.returncode == 143
    assert said.splitlines()[-1].startswith("foreseen: interrupted after ")
    assert 0 < len(called) < 2_000

    (folder / "slow").unlink()
    assert run_here(*line, "--resume", cwd=folder).returncode == 0
    whole = run_here("score", "Slow.joblib", "in.csv", "-o", "whole.csv.gz", "--cache", "none", cwd=folder)
    assert whole.returncode == 0
    assert (folder / "out.csv.gz").read_bytes() == (folder / "whole.csv.gz").read_bytes()
    counts = {row: rows_called(folder).count(row) for row in called[: len(called) // 2]}
    assert set(counts.values()) == {2}  # once here, and once for the whole


def rows_called(folder: Path) -> list[int]:
    """Return the rows that the model was called with, those aside that it is called with when it is loaded."""
    rows = [float(line) for line in (folder / "called.txt").read_text().split()]
    return [int(row) for row in rows if row >= 1_000]
