"""What `foreseen.score` of files raises and logs, with the command in this process in place of one of its own."""

import io
import logging
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Self

import pandas as pd
import pytest

import foreseen
from foreseen.domain.errors import ForeseenError, TableError
from foreseen.entrypoints import operator_lines
from foreseen.entrypoints.python import command_process
from foreseen.entrypoints.python import scored_files as of_files
from foreseen.entrypoints.python.command_process import Line, error_of, followed
from foreseen.entrypoints.python.file_arguments import OF_THE_COMMAND
from foreseen.entrypoints.python.rejected_rows import rejected_rows
from foreseen.settings import SettingsError
from support.command_in_process import run_here

HEADER = "sepal_length,sepal_width,petal_length,petal_width\n"
ROWS = HEADER + "5.1,3.5,1.4,0.2\nmany,2.8,4.7,1.2\n6.1,2.8,4.7,1.2\n1,2,3,x\n"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_score(
        files: Sequence[str], options: Sequence[str], settings: Mapping[str, Any], *, wording: Callable[[Line], str]
    ) -> None:
        done = run_here("score", *options, "--", *files, env=settings)
        if failure := followed(iter(done.stderr.decode().splitlines(keepends=True)), wording):
            raise failure

    monkeypatch.setattr(of_files, "run_score", run_score)
    monkeypatch.setattr(operator_lines, "lines_are_json", lambda: True)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "in.csv").write_text(ROWS)
    return tmp_path / "in.csv"


def test_rejected_rows_are_an_error_with_their_file_and_line(flower_model: Path, rows: Path) -> None:
    with pytest.raises(foreseen.RejectedRowsError) as caught:
        foreseen.score(rows, flower_model)

    said = str(caught.value)
    assert said.startswith(f"{rows}, line 3, column 'sepal_length': expected a number, got \"many\"; ")
    assert said.endswith(" (and 1 more so far); on_error='reject' leaves them out, and rejects='FILE' keeps them")
    assert [(each.file, each.row, each.column) for each in caught.value.rejects] == [
        (str(rows), 3, "sepal_length"),
        (str(rows), 5, "petal_width"),
    ]


def test_more_rejects_than_allowed_are_named_in_the_same_way(flower_model: Path, rows: Path) -> None:
    with pytest.raises(foreseen.RejectedRowsError, match=r"in\.csv, line 3, column 'sepal_length': "):
        foreseen.score(rows, flower_model, max_rejects=1)
    assert len(foreseen.score(rows, flower_model, max_rejects=2)) == 2


def test_rows_left_out_are_logged_with_the_first(
    flower_model: Path, rows: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "foreseen"):
        scored = foreseen.score(rows, flower_model, on_error="reject")

    assert len(scored) == 2
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith(f"rejected 2 rows, the first: {rows}, line 3, column 'sepal_length': expected a number, got")
    assert said.endswith("; rejects='FILE' keeps them")


def test_rejects_go_into_the_file_that_is_named(
    flower_model: Path, rows: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = rows.with_name("bad.csv")

    with caplog.at_level(logging.WARNING, "foreseen"):
        foreseen.score(rows, flower_model, rejects=kept)

    assert len(kept.read_text().splitlines()) == 3
    assert [record.getMessage() for record in caplog.records] == [f"rejected 2 rows, see {kept}"]


def test_errors_name_no_file_that_is_removed(flower_model: Path, rows: Path, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("a,b\n1,2\n")
    errors = [str(_error(foreseen.score, source, flower_model)) for source in (rows, tmp_path / "words.csv")]

    assert not [said for said in errors if f"{gettempdir()}/foreseen-" in said or "resume" in said]


def test_options_of_no_command_are_errors_of_settings(flower_model: Path, rows: Path) -> None:
    for options, said in (
        (["--help"], "options: expected those of a run that scores files, got those of one that does not"),
        (["--colour", "red"], "No such option: colour"),
    ):
        with pytest.raises(SettingsError, match=said):
            foreseen.score(rows, flower_model, options=options)


@pytest.mark.parametrize("output", [None, "out.csv"])
@pytest.mark.parametrize("name", OF_THE_COMMAND)
def test_an_option_of_the_command_alone_is_rejected_as_such(name: str, output: str | None) -> None:
    said = (
        f"{name}: expected an option of Python code, got one that only the command has; in a shell: foreseen score … --"
    )
    for data in ("rows.csv", pd.DataFrame({"a": [1]})):
        with pytest.raises(SettingsError, match=re.escape(said + name.replace("_", "-"))):
            foreseen.score(data, "model.joblib", output, **{name: True})  # type: ignore[arg-type]


def test_a_dry_run_is_rejected_before_anything_is_scored() -> None:
    with pytest.raises(
        SettingsError, match=r"^options: expected an option of Python code, got one that only the command has"
    ):
        foreseen.score("rows.csv", "model.joblib", options=["--limit", "3", "--dry-run"])


def test_wrong_options_are_rejected_by_their_names_in_python(flower_model: Path, rows: Path) -> None:
    for option in ("where", "delimiter", "engine", "decimal"):
        with pytest.raises(SettingsError, match=f"^{option}: expected "):
            foreseen.score(rows, flower_model, **{option: "=="})  # type: ignore[arg-type]


def test_an_existing_output_is_replaced_on_request(flower_model: Path, rows: Path) -> None:
    out = rows.with_name("out.csv")
    out.touch()

    with pytest.raises(TableError, match="got one that exists; force=True replaces it"):
        foreseen.score(rows, flower_model, output=out, progress="none")
    assert foreseen.score(rows, flower_model, output=out, force=True)["rejected"] == 2


def _error(call: Callable[..., Any], *args: Any) -> foreseen.ForeseenError:
    with pytest.raises(foreseen.ForeseenError) as caught:
        call(*args)
    return caught.value


def test_rejects_of_parts_without_a_header_are_read(tmp_path: Path) -> None:
    (tmp_path / "out.partial" / "rejects-0a").mkdir(parents=True)
    parts = tmp_path / "out.partial" / "rejects-0a"
    (parts / "rejects-00000-00001.csv").write_bytes(b'a.csv,3,b,"expected ""a"", got b","1,\n2"\na.csv,7,,line,\xff\n')
    (parts / "rejects-00000-00002.csv").touch()

    assert rejected_rows(tmp_path) == [
        foreseen.RejectedRow(3, "b", 'expected "a", got b', "a.csv"),
        foreseen.RejectedRow(7, "", "line", "a.csv"),
    ]
    assert [each.row for each in rejected_rows(tmp_path, most=1)] == [3]


class _Command:
    """A command that says a line, and whose caller is interrupted as it hears it."""

    returncode = None

    def __init__(self, interrupted_again: bool) -> None:
        self.stderr = io.StringIO('{"event": "scoring", "level": "info"}\n')
        self.calls: list[str] = []
        self._interrupted_again = interrupted_again

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("left")

    def send_signal(self, signum: int) -> None:
        self.calls.append(signal.Signals(signum).name)

    def communicate(self) -> None:
        self.calls.append("waited for")
        if self._interrupted_again:
            raise KeyboardInterrupt

    def kill(self) -> None:
        self.calls.append("killed")

    def wait(self) -> None:
        self.calls.append("waited for")


@pytest.mark.usefixtures("fresh_processes")
@pytest.mark.parametrize(
    ("is_again", "calls"),
    [
        (False, ["SIGTERM", "waited for", "left"]),
        (True, ["SIGTERM", "waited for", "killed", "waited for", "left"]),
    ],
)
def test_an_interrupted_call_waits_for_the_command(
    is_again: bool, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _Command(is_again)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: process)

    def interrupted(_: Line) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command_process.run_score(["m.joblib", "in.csv"], [], {}, wording=interrupted)

    assert process.calls == calls


def test_a_name_with_a_nul_starts_no_command() -> None:
    with pytest.raises(SettingsError, match=r"^'a\\x00b\.csv': expected text without a NUL in it$"):
        command_process.run_score(["m.joblib", "a\0b.csv"], [], {}, wording=str)


def _all_errors(root: type[ForeseenError]) -> list[type[ForeseenError]]:
    return [root, *(each for child in root.__subclasses__() for each in _all_errors(child))]


def test_errors_are_worded_as_by_the_command() -> None:
    said = "in.csv: expected rows"

    for kind in _all_errors(ForeseenError):
        assert str(error_of(kind.__name__, said)) == said, kind
    assert type(error_of("TableError", said)) is TableError
