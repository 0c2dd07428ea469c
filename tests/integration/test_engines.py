"""A forest with an engine, as a user meets it: equal bytes from a service and in a file, and what is shown."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.models import iris_frame
from support.processes import run, served

OUTPUTS = ("--outputs", "predict,predict_proba")
CHOICES = ("auto", "library")


@pytest.fixture(scope="module")
def flowers() -> pd.DataFrame:
    """Return flowers near those of iris, and some of their own measures."""
    frame, _ = iris_frame()
    random = np.random.default_rng(0)
    return pd.concat([frame, frame.sample(150, random_state=0) + random.normal(size=(150, 4))], ignore_index=True)


def test_services_with_and_without_engine_send_equal_bytes(iris_model: Path, flowers: pd.DataFrame) -> None:
    single = flowers.head(20).to_dict("records")
    answers: dict[str, list[bytes]] = {}
    described: dict[str, str] = {}
    for choice in CHOICES:
        with served(iris_model, *OUTPUTS, "--cache", "none", "--model-engine", choice) as running:
            answers[choice] = [running.post(flower).content for flower in single]
            answers[choice] += [running.post({"instances": flowers.to_dict("records")}).content]
            described[choice] = running.get("/model").json()["engine"]

    assert answers["auto"] == answers["library"]
    assert described["auto"].startswith("treelite 4.8.1, verified on 4,096 instances")
    assert described["library"] == "library (as chosen)"


def test_files_scored_with_and_without_engine_are_equal(
    iris_model: Path, flowers: pd.DataFrame, tmp_path: Path
) -> None:
    flowers.to_csv(tmp_path / "in.csv", index=False)
    for choice in CHOICES:
        line = ("score", iris_model, "in.csv", "-o", f"{choice}.csv", *OUTPUTS, "--model-engine", choice)
        done = run(*line, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()

    assert (tmp_path / "auto.csv").read_bytes() == (tmp_path / "library.csv").read_bytes()


def test_inspect_shows_the_engine_and_its_memory(iris_model: Path) -> None:
    said = run("inspect", iris_model, "--model-engine", "auto").stdout.decode()

    assert "treelite 4.8.1, verified on 4,096 instances" in " ".join(said.split())
    assert "its copy of the trees takes" in " ".join(said.split())
