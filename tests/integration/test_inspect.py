"""`foreseen inspect`: what a model takes and gives, before anything is served."""

import json
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.command_in_process import run_here
from support.models import IRIS_NAMES, digits_forest, pickled_by_hand, save
from support.processes import run

DIGITS = Path(__file__).parents[2] / "examples" / "digits"

OWN = """
import random

class Fair:
    def predict(self, rows):
        return [row[0] * 2 for row in rows]

class Dice:
    classes_ = ["low", "high"]
    def predict(self, rows):
        return [random.choice(self.classes_) for row in rows]
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module of the user's own, and a model of each of its classes."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "owninspect.py").write_text(OWN)
    for name in ("Fair", "Dice"):
        pickled_by_hand(folder / f"{name}.joblib", "owninspect")
    return folder


def test_a_forest_is_described_as_text(iris_model: Path) -> None:
    done = run("inspect", iris_model)

    said = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert load_predictor(iris_model).info.fingerprint.hex() in said
    assert "classification: one of 0, 1, 2" in said
    assert "deterministic  yes" in said
    assert "scikit-learn" in said
    assert "served         in a process of its own; on the event loop where a call costs less" in said
    assert [name for name in IRIS_NAMES if name not in said] == []
    assert "\x1b" not in said


def test_a_forest_is_described_as_json(iris_model: Path) -> None:
    done = run_here("inspect", iris_model, "--json", "--name", "flowers", "--outputs", "predict,predict_proba")

    shown = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown["name"] == "flowers"
    assert shown["fingerprint"] == load_predictor(iris_model).info.fingerprint.hex()
    assert (shown["kind"], shown["classes"]) == ("classification", ["0", "1", "2"])
    assert shown["outputs"] == ["predict", "predict_proba"]
    assert [feature["name"] for feature in shown["features"]] == IRIS_NAMES
    assert shown["features"][0] == {
        "name": "sepal_length", "dtype": "float64", "shape": [], "missing": False,
        "example": shown["features"][0]["example"], "given_as": "float64", "dtype_from": "any number will do",
    }  # fmt: skip
    assert 4 < shown["features"][0]["example"] < 8  # one at which a tree splits
    assert (shown["takes"], shown["ignored"], shown["doubts"]) == ("frame", [], [])
    assert (shown["is_repeatable"], shown["is_batch_invariant"], shown["rows_per_call"]) == (
        True,
        True,
        {"least": 2, "fixed": None, "large": None},
    )
    assert shown["rejection"] is None
    assert shown["may_run_on_loop"] is True
    assert {"python", "numpy", "scikit-learn", "scipy"} <= set(shown["versions"])


def test_digits_take_one_image_and_show_a_real_one(tmp_path: Path) -> None:
    path = save(digits_forest(), tmp_path)
    (tmp_path / "model.toml").write_bytes((DIGITS / "model.toml").read_bytes())

    shown = json.loads(run_here("inspect", path, "--json").stdout)

    (image,) = shown["features"]
    assert (image["name"], image["shape"]) == ("image", [8, 8])
    assert max(max(row) for row in image["example"]) == 15
    assert shown["classes"] == list("0123456789")


def test_a_class_in_the_working_directory_is_described(own: Path) -> None:
    done = run_here("inspect", "Fair.joblib", "--json", "--features", "a,b", cwd=own)

    shown = json.loads(done.stdout)
    assert (shown["kind"], shown["classes"], shown["is_repeatable"]) == ("other", [], True)


def test_a_nondeterministic_class_on_pythonpath_is_reported(own: Path, tmp_path: Path) -> None:
    done = run_here("inspect", own / "Dice.joblib", "--features", "a", cwd=tmp_path, env={"PYTHONPATH": str(own)})

    said = done.stdout.decode()
    assert done.returncode == 0
    assert "one of low, high" in said
    assert "no: predicted again, instances got different answers" in said
    assert "--cache none" in said
