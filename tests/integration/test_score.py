"""`foreseen score`: files, and as a real process pipes, terminals, signals, exit codes."""

import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from foreseen.settings import Settings
from support.command_in_process import run_here
from support.held_model import Holds
from support.in_process_service import service, wired_from
from support.models import IRIS_NAMES, iris_frame, mixed_pipeline, pickled_by_hand, save
from support.processes import command, environment, run, starter, wait_until

OWN = """
from pathlib import Path

from support.held_model import wait_while_held

HERE = Path(__file__).parent


class Counting:
    def predict(self, rows):
        with (HERE / "asked.txt").open("a") as file:
            file.write(f"{len(rows)}\\n")
        return rows[:, 0] * 2


class Endless:
    def predict(self, rows):
        if len(rows) > 100:
            wait_while_held([0], HERE)
        return rows[:, 0]
"""


def table(path: Path) -> list[list[str]]:
    """Read a CSV file."""
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Iris as a CSV file with a column more than the model takes, in another order."""
    frame, _ = iris_frame()
    frame.insert(0, "id", [f"flower {n}" for n in range(len(frame))])
    path = tmp_path / "flowers.csv"
    frame[["id", *reversed(IRIS_NAMES)]].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module of the user's own, and two models of its classes."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "ownscore.py").write_text(OWN)
    for name in ("Counting", "Endless"):
        pickled_by_hand(folder / f"{name}.joblib", "ownscore")
    return folder


def test_a_file_is_scored_in_order_beside_its_own_columns(iris_model: Path, flowers: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    done = run_here("score", iris_model, flowers, "--output", out, "--outputs", "predict,predict_proba")

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (header, *rows), (given_header, *given) = table(out), table(flowers)
    model: Any = joblib.load(iris_model)
    frame, _ = iris_frame()
    probabilities = [f"probability_{label}" for label in (0, 1, 2)]
    assert header == [*given_header, "prediction", *probabilities]
    assert [row[:5] for row in rows] == given
    assert [row[5] for row in rows] == [str(label) for label in model.predict(frame)]
    assert [[float(cell) for cell in row[6:]] for row in rows] == model.set_params(n_jobs=1).predict_proba(
        frame
    ).tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flowers.csv", "out.csv"]


def test_a_file_is_scored_as_http_answers(iris_model: Path, flowers: Path, tmp_path: Path) -> None:
    out = run("score", iris_model, "-", "-o", "-", "--outputs", "predict,predict_proba", stdin=flowers.read_bytes())
    assert (out.returncode, out.stderr) == (0, b"")
    rows = list(csv.DictReader(io.StringIO(out.stdout.decode())))

    instances = [{name: float(row[name]) for name in IRIS_NAMES} for row in rows]
    settings = Settings(model=iris_model, model_isolation="thread", outputs=("predict", "predict_proba"))
    with service(wired_from(settings)) as asked:
        answered = asked.post({"instances": instances}).json()["predictions"]

    assert [one["prediction"] for one in answered] == [row["prediction"] for row in rows]
    assert [[repr(p) for p in one["probabilities"].values()] for one in answered] == [
        [row[f"probability_{label}"] for label in (0, 1, 2)] for row in rows
    ]


def test_unreadable_and_rejected_rows_go_to_the_rejects(tmp_path: Path) -> None:
    model, source, out = save(mixed_pipeline(), tmp_path), tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('colour,weight,height\nred,1,1\nmauve,2,2\nblue,x,3\n"gr\neen",,4\ngreen,,5\nred,1\n')

    done = run_here("score", model, source, "-o", out)

    rejects = tmp_path / "out.csv.rejects.csv"
    assert done.returncode == 3
    assert done.stderr.decode() == f"foreseen: rejected 4 rows, see {rejects}\n"
    frame = pd.DataFrame({"colour": ["red", "green"], "weight": [1, np.nan], "height": [1, 5]})
    expected: Any = joblib.load(model).predict(frame)
    assert [(row[0], row[3]) for row in table(out)[1:]] == list(zip(["red", "green"], expected, strict=True))
    found = {row[1]: row[2:] for row in table(rejects)[1:]}
    assert list(found) == ["3", "4", "5", "8"]
    assert found["3"][1].startswith("expected values that the model accepts, got its error: Found unknown categories")
    assert found["3"][2] == "mauve,2,2"
    assert found["4"] == ["weight", 'expected a number, got "x"', "blue,x,3"]
    assert found["8"] == ["", "expected 3 cells, got 2", "red,1"]


def test_rows_that_are_the_same_reach_the_model_once(own: Path, tmp_path: Path) -> None:
    (own / "asked.txt").unlink(missing_ok=True)
    source = "a\n" + "1\n2\n1.0\n" * 20_000
    args = ("score", "Counting.joblib", "-", "-o", "-", "--features", "a", "--rows-per-call", "0")

    done = run_here(*args, stdin=source.encode(), cwd=own)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "a,prediction\n" + "1,2.0\n2,4.0\n1.0,2.0\n" * 20_000
    # The calls before found out, when it was loaded, what the model takes and that it agrees with itself.
    *when_loaded, asked = (own / "asked.txt").read_text().splitlines()
    assert asked == "2"
    assert len(when_loaded) < 20


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_over_a_stream_leaves_no_file(
    own: Path, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    holds = Holds(own)
    holds.hold(0)
    (tmp_path / "in.csv").write_text("a\n" + "\n".join(map(str, range(50_000))) + "\n")
    line = command(
        "score", "Endless.joblib", "-", "-o", tmp_path / "out.csv", "--features", "a", "--rows-per-call", "0"
    )
    with (tmp_path / "in.csv").open() as source:
        process = starter()(line, cwd=own, env=environment(), stdin=source, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: holds.has_begun(0))

    process.send_signal(sent)
    holds.let_go()
    _, said = process.communicate()

    assert process.returncode == code
    assert said == "foreseen: interrupted\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_signal_ends_a_run_whose_output_nothing_reads(iris_model: Path, tmp_path: Path) -> None:
    frame, _ = iris_frame()
    pd.concat([frame] * 300).to_csv(tmp_path / "in.csv", index=False)
    reads, writes = os.pipe()
    line = command("score", iris_model, tmp_path / "in.csv", "-o", "-")
    process = starter()(line, stdout=writes, stderr=subprocess.PIPE, env=environment(), text=True)
    os.close(writes)
    filled = fcntl.fcntl(reads, fcntl.F_GETPIPE_SZ) - select.PIPE_BUF
    wait_until(lambda: struct.unpack("i", fcntl.ioctl(reads, termios.FIONREAD, bytes(4)))[0] >= filled)

    process.terminate()
    _, said = process.communicate()
    os.close(reads)

    assert (process.returncode, said) == (143, "foreseen: interrupted\n")


def test_a_terminal_shows_progress_and_a_summary(iris_model: Path, tmp_path: Path) -> None:
    frame, _ = iris_frame()
    pd.concat([frame] * 200).to_csv(tmp_path / "in.csv", index=False)
    ours, theirs = pty.openpty()
    process = starter()(
        command("score", iris_model, tmp_path / "in.csv", "-o", tmp_path / "out.csv"),
        stderr=theirs, env=environment({"TERM": "xterm"}),
    )  # fmt: skip
    os.close(theirs)

    shown = _until_closed(ours)

    assert process.wait() == 0
    assert "30,000 rows" in shown
    assert "rows/s" in shown
    assert "L1 " in shown
    plain = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", shown)
    printed = dict(line.split(None, 1) for line in plain.splitlines() if len(line.split(None, 1)) == 2)
    assert printed["rows"].startswith("30,000 in ")
    assert "of the model" in printed["computed"]
    assert printed["cache"].strip() == "auto: lru"
    assert "fingerprint" in printed["model"]


def test_a_log_gets_lines_and_a_program_gets_the_summary(iris_model: Path, flowers: Path, tmp_path: Path) -> None:
    summary, out = tmp_path / "summary.json", tmp_path / "out.csv"

    done = run_here(
        "score", iris_model, flowers, "-o", out, "--progress", "plain", "--summary", summary, "--cache", "lru"
    )

    printed = json.loads(summary.read_text())
    assert done.returncode == 0
    assert (printed["rows"], printed["rejected"], printed["cache"]) == (150, 0, "lru")
    assert printed["repeated"] == 150 - printed["model_rows"] == 1  # one flower of iris is there twice
    assert printed["hits"] == {"L1": 0, "L2": 0}
    assert printed["decided"] == {"L1": "looked up for every row, as configured"}
    assert 0 < printed["model_seconds"] < 60
    lines = dict(line.split(None, 1) for line in done.stderr.decode().splitlines())
    assert lines["rows"].startswith("150 in ")
    assert lines["computed"].startswith("149 (99.3%) in ")


def test_no_progress_is_shown_in_a_pipe(iris_model: Path, flowers: Path, tmp_path: Path) -> None:
    for how in ("auto", "none"):
        done = run("score", iris_model, flowers, "-o", tmp_path / f"{how}.csv", "--progress", how)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def _until_closed(terminal: int) -> str:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # how a terminal says that its other side is closed
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


@pytest.fixture(scope="module")
def rejecting(iris_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and a folder with a good file in it, for runs that end before anything is scored."""
    folder = tmp_path_factory.mktemp("rejecting")
    frame, _ = iris_frame()
    frame.to_csv(folder / "in.csv", index=False)
    (folder / "taken.csv").write_text("mine")
    (folder / "begun.csv.partial").write_text("mine")
    (folder / "empty.csv").write_text("")
    (folder / "other.csv").write_text("sepal_length,sepal_widht,petal_length,petal_width\n1,2,3,4\n")
    return iris_model, folder


REJECTIONS: dict[str, tuple[list[str], int, str]] = {
    "output exists": (["in.csv", "-o", "taken.csv"], 1, "taken.csv: expected a new file, got one that exists; --force"),
    "no input": (["away.csv", "-o", "x.csv"], 1, "away.csv: expected a file of rows, got no such file"),
    "output is among the inputs": ([".", "-o", "x.csv"], 1, "x.csv: expected an output outside of the folder that is"),
    "a run of another output": (["in.csv", "-o", "begun.csv"], 1, "begun.csv.partial: expected no such file"),
    "a journal of others": (
        ["in.csv", "-o", "x.csv", "--rejects", "x.csv.journal"],
        1,
        "x.csv.journal: expected a rejects file",
    ),
    "output is the input": (
        ["in.csv", "-o", "in.csv", "--force"],
        1,
        "in.csv: expected an output that is not an input",
    ),
    "too few rejects": (
        ["in.csv", "-o", "x.csv", "--max-rejects", "-1"],
        2,
        "--max-rejects': Input should be greater than or equal to 0",
    ),
    "output is a folder": (["in.csv", "-o", "."], 1, ".: cannot be written: Is a directory"),
    "output has no folder": (["in.csv", "-o", "away/x.csv"], 1, "x.csv: cannot be written: No such file or directory"),
    "output cannot be": (["in.csv", "-o", "/proc/x.csv"], 1, "/proc/x.csv: cannot be written"),
    "empty input": (["empty.csv", "-o", "x.csv"], 1, "empty.csv: expected a header line"),
    "misspelt column": (["other.csv", "-o", "x.csv"], 1, "did you mean 'sepal_widht'?"),
    "disk is full": (["in.csv", "-o", "/dev/full"], 1, "/dev/full: cannot be written: No space left on device"),
    "no output": (["in.csv"], 2, "Missing option '--output'"),
    "unknown flag": (["in.csv", "-o", "x.csv", "--frobnicate"], 2, "No such option: --frobnicate"),
    "wrong setting": (["in.csv", "-o", "x.csv", "--cache", "memcached"], 2, "--cache: expected"),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_inputs_that_cannot_be_scored_are_reported_in_one_line(name: str, rejecting: tuple[Path, Path]) -> None:
    """One of them is run as a process below."""
    model, folder = rejecting
    args, code, expected = REJECTIONS[name]
    before = sorted(path.name for path in folder.iterdir())

    done = run_here("score", model, *args, cwd=folder)

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (code, b"")
    assert expected in said
    assert said.startswith("foreseen: ")
    assert said.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "taken.csv").read_text() == "mine"


def test_a_process_that_cannot_score_exits_with_a_line(rejecting: tuple[Path, Path]) -> None:
    model, folder = rejecting

    done = run("score", model, "in.csv", "-o", "taken.csv", cwd=folder)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"foreseen: taken.csv: expected a new file, got one that exists; --force replaces it\n"


def test_force_replaces_the_output_and_what_an_earlier_run_rejected(iris_model: Path, tmp_path: Path) -> None:
    frame, _ = iris_frame()
    frame[:2].to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "out.csv").write_text("old")
    (tmp_path / "out.csv.rejects.csv").write_text("old")

    done = run_here("score", iris_model, tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--force")

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(table(tmp_path / "out.csv")) == 3
    assert not (tmp_path / "out.csv.rejects.csv").exists()


def test_a_bad_row_for_standard_output_needs_a_rejects_file(iris_model: Path, tmp_path: Path) -> None:
    bad = (",".join(IRIS_NAMES) + "\n1,2,3,4\n1,2,x,4\n").encode()

    without = run_here("score", iris_model, "-", "-o", "-", stdin=bad)
    named = run_here("score", iris_model, "-", "-o", "-", "--rejects", tmp_path / "r.csv", stdin=bad)

    assert without.returncode == 1
    assert (
        b'standard input, line 3, column petal_length: expected a number, got "x"; name a file with --rejects'
        in without.stderr
    )
    assert (named.returncode, named.stdout.count(b"\n")) == (3, 2)
    assert [row[:2] for row in table(tmp_path / "r.csv")] == [["file", "line"], ["standard input", "3"]]


def test_a_reader_that_closes_early_is_no_failure(iris_model: Path, tmp_path: Path) -> None:
    frame, _ = iris_frame()
    pd.concat([frame] * 300).to_csv(tmp_path / "in.csv", index=False)
    process = starter()(
        command("score", iris_model, tmp_path / "in.csv", "-o", "-"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 1
    assert said == b""
