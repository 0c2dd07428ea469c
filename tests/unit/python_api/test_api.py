"""What there is to import, and that it waits for nothing and disturbs nothing: no loop, no signal, no log."""

import asyncio
import gc
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

import foreseen
from foreseen.entrypoints.python.setting_arguments import NAMES
from foreseen.settings import Settings, about_setting
from support.models import iris_frame, pickled_by_hand
from support.patience import PATIENCE_S
from support.processes import environment

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


def test_all_that_is_public_is_there_and_listed() -> None:
    assert foreseen.__version__ == version("foreseen")
    assert [name for name in foreseen.__all__ if not hasattr(foreseen, name)] == []
    assert set(foreseen.__all__) <= set(dir(foreseen))
    with pytest.raises(AttributeError, match="has no attribute 'predict'"):
        _ = foreseen.predict


def test_the_settings_are_those_of_a_model_and_its_caches() -> None:
    of_model = {
        name for name, field in Settings.model_fields.items() if about_setting(field)["group"] in ("Model", "Cache")
    }

    assert {*NAMES, "model"} == of_model | {"model_isolation"}


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


def test_rows_that_were_predicted_before_come_from_the_cache(model: foreseen.Model, frame: pd.DataFrame) -> None:
    first = model.predict(frame)
    computed = model._predict.tally.model_rows

    again = model.predict(frame)

    assert again.equals(first)
    assert model._predict.tally.model_rows == computed
    assert model._predict.tally.hits_l1 >= len(frame.drop_duplicates())


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


def test_a_model_that_ends_its_process_is_an_error_and_not_the_end_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
