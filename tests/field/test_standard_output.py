"""What a model prints does not get into what the command writes (A7, J4)."""

import json
from pathlib import Path

import pytest

from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from support.command_in_process import run_here
from support.models import answers, pickled_by_hand
from support.processes import run

LOUD = """
import ctypes, os

print("import")


class Loud:
    n_features_in_ = 1

    def predict(self, rows):
        print("print")
        os.write(1, b"write\\n")
        ctypes.CDLL(None).puts(b"puts")  # which is out when the process ends
        return rows[:, 0] * 2


class Printing:
    n_features_in_ = 1

    def predict(self, rows):
        print("print")
        return rows[:, 0] * 2
"""
PRINTED = {b"import", b"print", b"write", b"puts"}
SCORED = b"x0,prediction\n1,2.0\n2,4.0\n"


@pytest.fixture
def loud(tmp_path: Path) -> Path:
    """A model that prints in every way there is."""
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "in.csv").write_text("x0\n1\n2\n")
    return pickled_by_hand(tmp_path / "Loud.joblib", "loud")


def test_what_a_model_prints_is_absent_from_the_scored_rows(loud: Path) -> None:
    done = run("score", loud, "in.csv", "--output", "-", cwd=loud.parent)

    assert done.stdout == SCORED
    assert set(done.stderr.splitlines()) >= PRINTED


def test_what_a_model_prints_is_absent_from_inspects_json(loud: Path) -> None:
    done = run("inspect", loud, "--json", cwd=loud.parent)

    assert json.loads(done.stdout)["name"] == "Loud"
    assert set(done.stderr.splitlines()) >= PRINTED


def test_standard_output_by_its_path_is_the_commands_as_well(loud: Path) -> None:
    done = run("score", loud, "in.csv", "--output", "out.csv", "--summary", "/dev/stdout", cwd=loud.parent)

    assert json.loads(done.stdout)["rows"] == 2
    assert set(done.stderr.splitlines()) >= PRINTED


def test_a_command_in_this_process_keeps_prints_apart_as_well(loud: Path) -> None:
    printing = pickled_by_hand(loud.with_stem("Printing"), "loud")

    done = run_here("score", printing, "in.csv", "--output", "-", cwd=loud.parent)

    assert done.stdout == SCORED
    assert {b"import", b"print"} <= set(done.stderr.splitlines())


def test_a_model_in_a_process_prints_to_standard_error(
    loud: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(loud.parent)
    predictor = ProcessPredictor(ModelProcess({"path": loud}))

    assert answers(predictor, [[1.0]]) == [{"prediction": 2.0}]

    predictor.close()
    out, err = capfd.readouterr()
    assert out == ""
    assert {line.encode() for line in err.splitlines()} >= PRINTED
