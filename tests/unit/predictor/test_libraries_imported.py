"""What is imported to load a model: scikit-learn takes longer than all else, and not every model is of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.models import iris_forest, pickled_by_hand, save
from support.processes import environment

LOADING = """
import sys
from pathlib import Path
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.values.probe import probe_batch

predictor = load_predictor(Path(sys.argv[1]), rows_per_call=0)  # which asks it for nothing
loaded = set(sys.modules)
answers = predictor.predict(probe_batch(predictor.info.signature)).encode()
print(len(answers), *sorted({"sklearn", "pandas", "scipy"} & loaded))
print(*sorted({"sklearn", "pandas", "scipy"} & (set(sys.modules) - loaded)))
"""

OWN = """
import numpy as np

class Counted:
    n_features_in_ = 2

    def predict(self, rows):
        return rows.sum(axis=1)

class Named(Counted):
    feature_names_in_ = np.array(["a", "b"])

    def predict(self, frame):
        return frame["a"] + frame["b"]
"""


@pytest.mark.parametrize(("model", "expected"), [("Counted", ""), ("Named", " pandas")])
def test_an_own_model_imports_nothing_that_it_does_not_use(model: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)

    assert imported(pickled_by_hand(tmp_path / model, "own")) == f"64{expected}\n\n"


def test_a_scikit_learn_model_imports_everything_before_its_first_call(tmp_path: Path) -> None:
    loaded, _, asked = imported(save(iris_forest(2), tmp_path)).partition("\n")

    assert loaded == "64 pandas scipy sklearn"
    assert asked == "\n"


def imported(path: Path) -> str:
    """Load a model where nothing is imported yet, and return what is then, and what more when it has answered."""
    line = [sys.executable, "-c", LOADING, str(path)]
    return subprocess.run(line, cwd=path.parent, env=environment(), capture_output=True, text=True, check=True).stdout
