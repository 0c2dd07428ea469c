"""Files beside the output: what can fail is tried before the model is loaded, and nothing is lost (I11, I15)."""

import json
from pathlib import Path

import pytest

from foreseen.entrypoints.listening_port import listening
from support.command_in_process import run_here
from support.models import save
from support.own_models import Doubler, Faulty
from support.processes import run

GIVEN = b"a\n1\n2\n"
LINE = ("in.csv", "-o", "out.csv", "--features", "a")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(Doubler(), tmp_path)
    (tmp_path / "in.csv").write_bytes(GIVEN)
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"model.joblib", "model.joblib.calls.json"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--summary", "nodir/s.json"), "nodir/s.json: cannot be written: No such file or directory"),
        (("--summary", "."), ".: cannot be written: Is a directory"),
        (("--rejects", "nodir/r.csv"), "nodir/r.csv: cannot be written: No such file or directory"),
        (("-o", "nodir/out.csv"), "nodir/out.csv: cannot be written: No such file or directory"),
        (
            ("-o", "out.avro"),
            "out.avro: expected CSV, Parquet, JSON Lines, JSON, Arrow, ORC or Excel, got a name that ends in .avro",
        ),
    ],
    ids=" ".join,
)
def test_unwritable_outputs_are_rejected_before_the_model_is_loaded(
    folder: Path, options: tuple[str, ...], said: str
) -> None:
    done = run_here("score", "away.joblib", *LINE, *options, cwd=folder)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"foreseen: {said}")
    assert names(folder) == {"in.csv"}


@pytest.mark.parametrize(
    "name",
    ["in.csv", "out.csv", "out.csv.rejects.csv", "out.csv.partial", "out.csv.journal", "../{folder}/in.csv", "link"],
)
def test_a_summary_never_replaces_an_input_or_output(folder: Path, name: str) -> None:
    (folder / "link").symlink_to("in.csv")
    name = name.format(folder=folder.name)

    done = run_here("score", "model.joblib", *LINE, "--summary", name, "--force", cwd=folder)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"foreseen: {name}: expected a summary file")
    assert (folder / "in.csv").read_bytes() == GIVEN
    assert names(folder) == {"in.csv", "link"}


@pytest.mark.parametrize("found", ["my notes", '{"rows": 3}', "[1]", "{" * 100_000])
def test_a_summary_replaces_another_file_only_by_force(folder: Path, found: str) -> None:
    (folder / "notes").write_text(found)
    line = ("score", "model.joblib", *LINE, "--summary", "notes")

    rejected = run_here(*line, cwd=folder)
    kept = (folder / "notes").read_text()
    forced = run_here(*line, "--force", cwd=folder)

    assert rejected.returncode == 1
    assert "notes: expected a new file or the summary of an earlier run, got another file; --force" in (
        rejected.stderr.decode()
    )
    assert kept == found
    assert forced.returncode == 0
    assert json.loads((folder / "notes").read_text())["rows"] == 2


def test_the_summary_of_an_earlier_run_is_replaced_every_night(folder: Path) -> None:
    (folder / "s.json").touch(mode=0o640)
    for night in range(2):
        line = ("in.csv", "-o", f"out{night}.csv", "--features", "a", "--summary", "s.json")
        assert run_here("score", "model.joblib", *line, cwd=folder).returncode == 0

    assert json.loads((folder / "s.json").read_text())["error"] is None
    assert (folder / "s.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("line", "rows", "error"),
    [
        (("in.csv", "-o", "in.csv", "--force"), 0, "in.csv: expected an output that is not an input"),
        (("away.csv", "-o", "out.csv"), 0, "away.csv: expected a file of rows, got no such file"),
        (("bad.csv", "-o", "out.csv"), 0, "bad.csv: expected a column 'a'"),
        (("fails.csv", "-o", "out.csv", "--on-error", "stop"), 0, "fails.csv, line 3: the model failed in predict"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_a_run_that_fails_writes_its_summary_too(folder: Path, line: tuple[str, ...], rows: int, error: str) -> None:
    save(Faulty(), folder)
    (folder / "bad.csv").write_text("b\n1\n")
    (folder / "fails.csv").write_text("a\n1\n102\n")
    options = ("--features", "a", "--rows-per-call", "1", "--summary", "s.json")

    done = run_here("score", "model.joblib", *line, *options, cwd=folder)

    found = json.loads((folder / "s.json").read_text())
    assert done.returncode == 1
    assert found["error"].startswith(error)
    assert done.stderr.decode() == f"foreseen: {found['error']}\n"
    assert (found["model"], found["rows"]) == ("model", rows)


def test_a_summary_on_standard_output_is_alone_there(folder: Path) -> None:
    done = run("score", "model.joblib", *LINE, "--summary", "-", cwd=folder)

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["rows"] == 2
    assert names(folder) == {"in.csv", "out.csv"}


@pytest.mark.parametrize("flag", ["--summary", "--rejects"])
def test_two_files_cannot_both_go_to_standard_output(folder: Path, flag: str) -> None:
    done = run_here("score", "model.joblib", "in.csv", "-o", "-", flag, "-", cwd=folder)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"foreseen: {flag}: expected a file, since the output goes to standard output\n"
    assert names(folder) == {"in.csv"}


@pytest.mark.parametrize("scheme", ["file://", "file:", "file://localhost"])
def test_whatever_is_written_may_be_named_by_a_file_url(folder: Path, scheme: str) -> None:
    (folder / "in put.csv").write_bytes(GIVEN + b"x\n")
    base = f"{scheme}{folder}"
    line = ("score", "model.joblib", f"{base}/in%20put.csv", "--features", "a", "-o", f"{base}/out%20put.csv")
    files = ("--rejects", f"{base}/bad.csv", "--summary", f"{base}/s.json")

    done, again = run_here(*line, *files, cwd=folder), run_here(*line, cwd=folder)

    assert (done.returncode, done.stderr.decode()) == (3, f"foreseen: rejected 1 row, see {folder}/bad.csv\n")
    assert names(folder) == {"in.csv", "in put.csv", "out put.csv", "bad.csv", "s.json"}
    assert f"{folder}/out put.csv: expected a new file, got one that exists" in again.stderr.decode()


def test_a_file_url_cannot_hide_that_a_file_is_read(folder: Path) -> None:
    for option, place in (("-o", "in%2Ecsv"), ("--rejects", "in.csv"), ("--summary", "in.csv")):
        given = ("in.csv", "-o", "out.csv", option, f"file://{folder}/{place}", "--features", "a", "--force")

        assert run_here("score", "model.joblib", *given, cwd=folder).returncode == 1
        assert (folder / "in.csv").read_bytes() == GIVEN
        assert names(folder) == {"in.csv"}


def test_rejects_may_go_into_a_file_that_is_open_already(folder: Path) -> None:
    (folder / "bad.csv").write_text("a\n1\nx\n")

    with (folder / "kept.csv").open("wb") as file:
        where = ("-o", "out.csv", "--rejects", f"/dev/fd/{file.fileno()}")
        done = run_here("score", "model.joblib", "bad.csv", "--features", "a", *where, cwd=folder)

    assert done.returncode == 3
    assert (folder / "kept.csv").read_text().splitlines()[1].startswith("bad.csv,3,a,")


def test_errors_are_json_where_logs_are(folder: Path) -> None:
    (folder / "bad.csv").write_text("a\n1\nx\n")
    as_json = ("--features", "a", "--log-format", "json")

    failed = run_here("score", "model.joblib", "away.csv", "-o", "out.csv", *as_json, cwd=folder)
    rejected = run_here("score", "model.joblib", "bad.csv", "-o", "out.csv", *as_json, cwd=folder)

    (error,) = map(json.loads, failed.stderr.splitlines())
    assert (error["level"], error["logger"]) == ("error", "foreseen")
    assert error["event"].startswith("away.csv: expected a file of rows")
    assert error["timestamp"].endswith("Z")
    (warning,) = map(json.loads, rejected.stderr.splitlines())
    assert (warning["level"], warning["event"]) == ("warning", "rejected 1 row, see out.csv.rejects.csv")


def test_a_taken_port_is_rejected_before_the_model_is_loaded(folder: Path) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        done = run_here("serve", "away.joblib", "--port", port, cwd=folder)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"foreseen: expected to listen on 127.0.0.1 port {port}: ")
