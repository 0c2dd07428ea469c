"""`foreseen.score` of files: what the command writes, as a frame or into a file, and its errors as they are."""

import logging
from pathlib import Path

import pandas as pd
import pytest

import foreseen
from foreseen.domain.errors import TableError
from foreseen.settings import SettingsError
from support.command_in_process import run_here
from support.models import IRIS_NAMES
from support.processes import TESTS

ROWS = "kind,sepal_length,sepal_width,petal_length,petal_width\na,5.1,3.5,1.4,0.2\nb,6.1,2.8,4.7,1.2\n"


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))


@pytest.mark.usefixtures("fresh_processes")
def test_a_file_comes_back_as_a_frame(flower_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS)

    scored = foreseen.score(tmp_path / "in.csv", flower_model, keep=["kind"], options=["--where", "kind == 'b'"])

    right = foreseen.score(pd.read_csv(tmp_path / "in.csv"), flower_model)
    assert scored.columns.tolist() == ["kind", "prediction"]
    assert scored.to_dict("records") == right.iloc[1:][["kind", "prediction"]].to_dict("records")


def test_files_are_written_as_by_the_command_and_summed_up(
    flower_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "one.csv").write_text(ROWS)
    (tmp_path / "two.csv").write_text(ROWS + "c,wide,1,1,1\n")
    sources = [tmp_path / "one.csv", tmp_path / "two.csv"]

    with caplog.at_level(logging.WARNING, "foreseen"):
        summary = foreseen.score(sources, flower_model, output=tmp_path / "out.csv", name="flowers")

    run_here("score", flower_model, *sources, "-o", tmp_path / "right.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "right.csv").read_bytes()
    assert (summary["rows"], summary["rejected"], summary["model"]) == (4, 1, "flowers")
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == ["rejected 1 row"]


@pytest.mark.parametrize("output", [None, "out.csv"])
def test_a_run_with_progress_reaches_its_end(
    flower_model: Path, tmp_path: Path, output: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text(ROWS)

    scored = foreseen.score(tmp_path / "in.csv", flower_model, output=output and tmp_path / output, progress="plain")

    assert len(scored) == 2 if output is None else scored["rows"] == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("scored 2 rows in ")


def test_a_failure_raises_the_error_that_the_command_would_print(flower_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS + "c,wide,1,1,1\n")

    with pytest.raises(TableError, match=r"expected .*no such file"):
        foreseen.score(tmp_path / "away.csv", flower_model)
    with pytest.raises(foreseen.RejectedRowsError, match=r"in\.csv, line 4, "):
        foreseen.score(tmp_path / "in.csv", flower_model)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_options_for_files_or_frames_alone_are_named(flower_model: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame([[1.0] * 4], columns=IRIS_NAMES)

    with pytest.raises(SettingsError, match="output: expected names of files with it, got a frame"):
        foreseen.score(frame, flower_model, output="out.csv")
    with pytest.raises(SettingsError, match="expected at least one file name"):
        foreseen.score([], flower_model)
    with (
        foreseen.load(flower_model) as model,
        pytest.raises(SettingsError, match="model: expected a model file to score files with"),
    ):
        foreseen.score("in.csv", model)
