"""One file has one fingerprint, however busy the machine is; `make fingerprints` tries it fifty times as long."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from support.models import save
from support.own_models import Flowers
from support.processes import run

STARTS = int(os.environ.get("FORESEEN_TEST_STARTS", "2"))
LOOPS = [int(text) for text in os.environ.get("FORESEEN_TEST_LOOPS", "1").split(",")]

MODELS = {
    "search": lambda: GridSearchCV(HistGradientBoostingClassifier(max_iter=8), {"max_depth": [2, 3]}, cv=2),
    "forest": lambda: RandomForestClassifier(20),
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=50)),
    "network": lambda: MLPClassifier((20,), max_iter=2),
    "neighbours": lambda: KNeighborsClassifier(algorithm="brute"),
    "machine": SVC,
    "components": lambda: make_pipeline(PCA(10), LogisticRegression(max_iter=50)),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight models, one of them of the user's own."""
    folder = tmp_path_factory.mktemp("models")
    data, target = load_digits(return_X_y=True)
    saved = [save(make().fit(data[:200], target[:200]), folder, f"{name}.joblib") for name, make in MODELS.items()]
    return [*saved, save(Flowers(), folder, "own.joblib")]


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many loops busy beside what is tried."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()


@pytest.mark.timeout(600 + 60 * STARTS)  # of which the loops take most
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("loops", LOOPS)
def test_a_model_has_one_fingerprint_however_busy_the_machine_is(models: list[Path], loops: int) -> None:
    with busy(loops):
        done = run(STARTS, *models, module="support.fingerprints_of_starts")

    said = done.stdout.decode()
    sys.stdout.write(said)
    assert done.returncode == 0, done.stderr
    found = [line.split("\t") for line in said.splitlines()]
    assert len(found) == len(models)
    assert [line for line in found if line[1] != "1"] == []
