"""MLflow's folders in service: replaced, reloaded, in several workers, and from Python."""

import signal
from pathlib import Path

import pytest

import foreseen
from support.mlflow_folders import columns_of, mlflow_folder, multiplying_folder
from support.models import iris_frame, iris_logistic
from support.processes import Served, served, wait_until
from support.reloadable_service import reload

ROW = {"x0": 1.5, "x1": 2.0}


def replace(folder: Path, factor: int) -> None:
    """Put a folder with another model of the same names in the place of one."""
    new = multiplying_folder(folder.parent / "new" / "model", factor)
    folder.rename(folder.parent / f"before-{factor}")
    new.rename(folder)


def answer(running: Served) -> float:
    return float(running.get("/predict", **ROW).json()["prediction"])


@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_a_replaced_folder_is_served_after_a_reload(isolation: str, tmp_path: Path) -> None:
    folder = multiplying_folder(tmp_path / "model", 2)
    line = ("model", "--cache-nondeterministic", "true", "--model-isolation", isolation)
    with served(*line, cwd=tmp_path) as running:
        before = running.get("/model").json()["fingerprint"]
        assert [answer(running), answer(running)] == [7.0, 7.0]

        replace(folder, 3)
        assert answer(running) == 7.0
        assert reload(running).status_code == 200

        assert [answer(running), answer(running)] == [10.5, 10.5]
        assert running.get("/model").json()["fingerprint"] != before

        replace(folder, 2)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: answer(running) == 7.0)
        assert running.get("/model").json()["fingerprint"] == before
        assert running.stop() == 0


def test_a_damaged_folder_leaves_the_previous_model_in_place(tmp_path: Path) -> None:
    folder = multiplying_folder(tmp_path / "model", 2)
    with served("model", cwd=tmp_path) as running:
        (folder / "MLmodel").write_text("flavors: [")

        reply = reload(running)

        assert reply.status_code == 503
        assert "model/MLmodel: expected YAML that MLflow wrote" in reply.json()["detail"]
        assert answer(running) == 7.0


def test_several_workers_load_one_model(tmp_path: Path) -> None:
    folder = multiplying_folder(tmp_path / "model", 2)
    with served("model", "--workers", "2", cwd=tmp_path) as running:
        replace(folder, 3)

        assert reload(running).status_code == 202

        wait_until(lambda: sum("reloaded: fingerprint" in line for line in running.err) == 2)
        lines = [line for line in running.err if "reloaded: fingerprint" in line]
        assert len({line.rpartition("fingerprint")[2] for line in lines}) == 1
        assert {answer(running) for _ in range(10)} == {10.5}


def test_a_folder_is_loaded_from_python(tmp_path: Path) -> None:
    frame, _ = iris_frame()
    model = iris_logistic()
    folder = mlflow_folder(tmp_path / "iris", model, saved_by="cloudpickle", inputs=columns_of(frame))

    with foreseen.load(folder) as loaded:
        found = loaded.predict(frame)

    assert [str(label) for label in found] == [str(label) for label in model.predict(frame.to_numpy())]
    assert {path.name for path in tmp_path.iterdir()} <= {"iris", "iris.calls.json"}
