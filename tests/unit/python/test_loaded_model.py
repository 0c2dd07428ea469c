"""What there is to import, and that it waits for nothing and disturbs nothing: no loop, no signal, no log."""

import asyncio
import gc
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pandas as pd
import pytest
from pydantic import ByteSize, SecretStr

import foreseen
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.entrypoints.python.setting_arguments import FilePath, ModelSettings
from foreseen.settings import Settings, about_setting
from support.models import iris_frame, pickled_by_hand
from support.processes import environment
from support.setting_kinds import kind_of
from support.time_limits import PATIENCE_S

HEAVY = ("numpy", "pandas", "pyarrow", "sklearn", "pydantic", "rich", "typer", "foreseen.domain")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    flowers, _ = iris_frame()
    return flowers


@pytest.fixture
def model(iris_model: Path) -> Iterator[foreseen.Model]:
    with foreseen.load(iris_model, cache="lru") as loaded:
        yield loaded


def test_importing_it_imports_nothing_else() -> None:
    code = f"import sys, foreseen; sys.exit(', '.join(n for n in {HEAVY} if n in sys.modules) or 0)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_all_public_names_exist_and_are_listed() -> None:
    assert foreseen.__version__ == version("foreseen")
    assert [name for name in foreseen.__all__ if not hasattr(foreseen, name)] == []
    assert set(foreseen.__all__) <= set(dir(foreseen))
    with pytest.raises(AttributeError, match="has no attribute 'predict'"):
        _ = foreseen.predict


def test_the_arguments_are_the_settings_of_models_and_caches() -> None:
    """Where this fails, its message has the line that is missing in setting_arguments.py."""
    expected = {
        name: python_type(field.annotation)
        for name, field in Settings.model_fields.items()
        if name != "model" and (about_setting(field)["group"] in ("Model", "Cache") or name == "model_isolation")
    }

    assert get_type_hints(ModelSettings) == expected


def python_type(annotation: Any) -> Any:
    """Return the type of a setting as Python code gives it: also text with a unit, a path, names in any sequence."""
    kind = kind_of(annotation)
    forms = {float: float | str, ByteSize: int | str, Path: FilePath, SecretStr: str}
    return forms.get(kind, str | Sequence[str] if get_origin(kind) is tuple else kind)


def test_settings_of_the_environment_and_of_a_file_come_last(
    iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreseen.toml").write_text('name = "file"\noutputs = ["predict", "predict_proba"]')
    monkeypatch.setenv("FORESEEN_CONFIG", str(tmp_path / "foreseen.toml"))
    monkeypatch.setenv("FORESEEN_OUTPUTS", "predict_proba")

    with foreseen.load(iris_model, cache="none") as model:
        assert (model.name, model.info.output_names) == ("file", ("predict_proba",))
    with foreseen.load(iris_model, cache="none", name="here", outputs="predict") as model:
        assert (model.name, model.info.output_names) == ("here", ("predict",))


def test_rows_that_were_predicted_before_come_from_the_cache(
    model: foreseen.Model, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = model.predict(frame)
    monkeypatch.setattr(SklearnPredictor, "predict", lambda *_: pytest.fail("expected every row in the cache"))

    assert model.predict(frame).equals(first)


def test_it_works_where_an_event_loop_runs(model: foreseen.Model, frame: pd.DataFrame) -> None:
    expected = model.predict(frame)

    async def cell() -> tuple[pd.Series, pd.Series]:
        return model.predict(frame), await asyncio.to_thread(model.predict, frame)

    here, beside = asyncio.run(cell())

    assert here.equals(expected)
    assert beside.equals(expected)


def test_several_threads_may_predict_at_once(model: foreseen.Model, frame: pd.DataFrame) -> None:
    expected = model.predict(frame)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(model.predict, [frame] * 24))

    assert all(each.equals(expected) for each in answers)


def test_a_process_keeps_its_signals_logs_and_collector(iris_model: Path, frame: pd.DataFrame) -> None:
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = (
        [signal.getsignal(each) for each in signals],
        logging.getLogger().handlers[:],
        gc.isenabled(),
        gc.get_freeze_count(),
    )

    foreseen.score(frame, iris_model)

    after = (
        [signal.getsignal(each) for each in signals],
        logging.getLogger().handlers[:],
        gc.isenabled(),
        gc.get_freeze_count(),
    )
    assert after == before


def test_a_model_without_references_ends_its_threads(iris_model: Path, frame: pd.DataFrame) -> None:
    before = set(threading.enumerate())
    model = foreseen.load(iris_model, cache="none")
    model.predict(frame)
    assert set(threading.enumerate()) > before

    del model
    gc.collect()

    assert set(threading.enumerate()) <= before


def test_progress_is_shown_by_lines_where_they_are_wanted(
    model: foreseen.Model, frame: pd.DataFrame, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreseen.entrypoints.cli.run.progress_display.PLAIN_EVERY_S", 0.0)

    model.score(frame)
    assert capsys.readouterr().err == ""
    model.score(frame, progress="plain")
    assert f"{len(frame)} rows, " in capsys.readouterr().err


def test_a_process_that_never_closes_its_model_ends_quietly(flower_model: Path) -> None:
    code = f"import foreseen; print(foreseen.load({str(flower_model)!r}).predict([[5.1, 3.5, 1.4, 0.2]]))"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment()
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("[")


def test_a_model_that_ends_its_process_is_only_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ownends.py").write_text(
        "import os\nclass Ends:\n    n_features_in_ = 1\n    def predict(self, rows):\n"
        "        os._exit(7) if (rows == 13).any() else None\n        return rows[:, 0] * 2\n"
    )
    path = pickled_by_hand(tmp_path / "Ends.joblib", "ownends")

    with foreseen.load(path, model_isolation="process", cache="none") as model:
        assert model.predict([[1.0], [2.0]]) == [2.0, 4.0]
        with pytest.raises(foreseen.RejectedRowsError, match="row 1"):
            model.predict([[1.0], [13.0], [2.0]])
        assert model.predict([[1.0], [13.0], [2.0]], on_error="reject") == [2.0, None, 4.0]
