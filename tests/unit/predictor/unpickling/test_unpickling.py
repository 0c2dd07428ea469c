"""Every file that is no model is rejected in one line that says why; a model of another version loads with a word."""

import importlib
import logging
import pickle
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.unpickling import unpickle
from foreseen.adapters.predictor.unpickling.frugal_unpickler import load
from foreseen.domain.errors import ModelUnavailableError
from support.models import answers, iris_forest, iris_frame, pickled_by_hand, save


def _rejection(path: Path) -> str:
    path.chmod(0o600)
    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: expected ")
    assert "\n" not in said
    return said


def test_an_unfitted_model_is_rejected(tmp_path: Path) -> None:
    said = _rejection(save(RandomForestClassifier(), tmp_path))

    assert "expected a fitted model, got RandomForestClassifier that is not fitted" in said


def test_an_unfitted_pipeline_is_rejected(tmp_path: Path) -> None:
    assert "got Pipeline that is not fitted" in _rejection(save(make_pipeline(LogisticRegression()), tmp_path))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of the user's own in the working directory, forgotten when the test is over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    path = tmp_path / "ownmodel.py"
    path.write_text("class Own:\n    def predict(self, rows):\n        return [1.0] * len(rows)\n")
    yield path
    sys.modules.pop("ownmodel", None)


def _saved_own(folder: Path) -> Path:
    own: Any = importlib.import_module("ownmodel")
    path = save(own.Own(), folder)
    del sys.modules["ownmodel"]
    importlib.invalidate_caches()
    return path


def test_a_missing_module_is_named_with_where_to_put_it(module: Path, tmp_path: Path) -> None:
    path = _saved_own(tmp_path)
    module.unlink()

    said = _rejection(path)

    assert "module 'ownmodel'" in said
    assert "the working directory, on PYTHONPATH or installed" in said


def test_a_missing_class_is_named(module: Path, tmp_path: Path) -> None:
    path = _saved_own(tmp_path)
    module.write_text("class Other:\n    pass\n")

    said = _rejection(path)

    assert "every class of the model to be importable" in said
    assert "Own" in said


@pytest.mark.parametrize("fault", ["import nowhere_at_all", "from math import nowhere"])
def test_a_missing_import_of_the_models_module_is_named(module: Path, tmp_path: Path, fault: str) -> None:
    path = _saved_own(tmp_path)
    module.write_text(fault + "\n")

    assert "nowhere" in _rejection(path)


def test_a_broken_module_is_reported_as_such(module: Path, tmp_path: Path) -> None:
    path = _saved_own(tmp_path)
    module.write_text("class Own\n")

    said = _rejection(path)

    assert "SyntaxError" in said
    assert "a file of an unknown format" not in said


def test_a_module_named_like_a_library_is_reported_as_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "statistics.py").write_text("class Own:\n    pass\n")

    said = _rejection(pickled_by_hand(tmp_path / "Own", "statistics"))

    assert (
        "statistics.py in the working directory is another module, since libraries are found first: rename it" in said
    )


def test_a_class_of_a_script_is_rejected_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(
        b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x08__main__\x94\x8c\x06NoSuch\x94\x93\x94)\x81\x94."
    )

    assert "name that script by --code FILE.py, or move the class to a module" in _rejection(path)


def test_the_working_directory_is_importable(module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _saved_own(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in (str(tmp_path), "")])

    predictor = load_predictor(path, features=["a"])

    assert answers(predictor, [[0.0]]) == [{"prediction": 1.0}]


def _saved_by(version: str, model: Any, path: Path) -> Path:
    """Save a model with another version in the state of each of its estimators."""
    data = pickle.dumps(model, protocol=2)
    ours = sklearn.__version__.encode()
    assert len(version) == len(ours)
    path.write_bytes(data.replace(ours, version.encode()))
    path.chmod(0o600)
    return path


def test_a_model_of_another_version_loads_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = "8" + sklearn.__version__[1:]
    model = make_pipeline(StandardScaler(), iris_forest(5)).fit(*iris_frame())
    path = _saved_by(other, model, tmp_path / "model.pkl")

    with caplog.at_level(logging.WARNING):
        predictor = load_predictor(path)

    (record,) = caplog.records
    assert f"saved by scikit-learn {other} and runs under {sklearn.__version__}" in record.getMessage()
    assert str(path) in record.getMessage()
    assert answers(predictor, iris_frame()[0][:1])[0]["prediction"] == "0"


def test_a_model_of_another_bugfix_release_is_mentioned_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = sklearn.__version__[:-1] + ("7" if sklearn.__version__[-1] != "7" else "8")
    path = _saved_by(other, iris_forest(2), tmp_path / "model.pkl")

    with caplog.at_level(logging.WARNING):
        load_predictor(path)

    (record,) = caplog.records
    assert record.getMessage().endswith("it may answer differently where a bug was fixed")


def test_a_model_of_this_version_loads_without_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load_predictor(save(iris_forest(2), tmp_path))

    assert caplog.records == []


def test_warnings_of_the_models_module_are_logged(
    module: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = _saved_own(tmp_path)
    module.write_text(f"import warnings\nwarnings.warn('old', DeprecationWarning)\n{module.read_text()}")

    with caplog.at_level(logging.WARNING):
        load_predictor(path, features=["a"])

    assert [record.getMessage() for record in caplog.records] == [f"{path}: old"]


def test_a_load_beside_the_main_thread_keeps_the_warning_filters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(iris_forest(2), tmp_path)
    meanwhile: list[bool] = []
    before = (warnings.filters, list(warnings.filters), warnings.showwarning)

    def noted(*given: Any) -> Any:
        meanwhile.append((warnings.filters, list(warnings.filters), warnings.showwarning) == before)
        return load(*given)

    monkeypatch.setattr(unpickle, "load", noted)
    loading = Thread(target=load_predictor, args=(path,))
    loading.start()
    loading.join()

    assert meanwhile == [True]
