"""`foreseen score` killed, stopped, or without room: the output in the end is that of an unbroken run."""

import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.adapters.spool.durable_sink import STEP_S
from support.interrupted_runs import CHUNK_S, Place, ended, place_in
from support.processes import command, environment, wait_until

MOMENTS = int(os.environ.get("FORESEEN_TEST_KILLS", "2"))
"""How many runs are killed; `make kills` has twenty."""


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return place_in(tmp_path_factory.mktemp("durable"))


@pytest.fixture
def place(durable: Place) -> Iterator[Place]:
    yield durable
    durable.holds.let_go()


@pytest.mark.timeout(300 + 60 * MOMENTS)
def test_a_run_killed_at_random_moments_loses_nothing(place: Place) -> None:
    chosen = random.Random(5)
    broken = 0
    for moment in range(MOMENTS):
        name = f"killed{moment}.csv"
        process = place.start(name)
        wait_until(lambda process=process: place.asked() > 0 or process.poll() is not None)  # type: ignore[misc]
        time.sleep(chosen.uniform(0, place.chunks * CHUNK_S))  # any moment is meant
        process.kill()
        broken += ended(process)[0] == -signal.SIGKILL
        assert not (place.folder / name).exists() or place.is_whole(name)

        code, said = place.end(name, "--resume")

        assert code == 3 or "expected a new file" in said
        assert place.is_whole(name)
    assert broken >= MOMENTS // 2


def test_a_run_killed_repeatedly_resumes_where_it_was(place: Place) -> None:
    place.holds.hold(2, 4)
    process = place.start("again.csv", "--resume")
    wait_until(lambda: place.holds.has_begun(2))
    time.sleep(STEP_S)  # after which what is written next is made durable, if nothing was before
    place.holds.let_go(2)
    wait_until(lambda: place.holds.has_begun(4) and place.durable("again.csv") > 0)
    process.kill()
    assert ended(process) == (-signal.SIGKILL, "")
    durable = place.durable("again.csv")
    place.holds.let_go()
    place.holds.hold(1)
    process = place.start("again.csv", "--resume")
    wait_until(lambda: place.holds.has_begun(1))
    process.kill()
    assert ended(process) == (-signal.SIGKILL, "")
    place.holds.let_go()
    assert place.is_unfinished("again.csv")

    code, said = place.end("again.csv", "--resume")

    assert (code, said) == (3, "foreseen: rejected 270 rows, see again.csv.rejects.csv\n")
    assert place.is_whole("again.csv")
    # What was not durable yet was computed again, and nothing of what was.
    assert place.asked() == place.chunks - durable


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_finishes_its_chunk_and_resumes(place: Place, sent: signal.Signals, code: int) -> None:
    name = f"told{code}.csv"
    place.holds.hold(2)
    process = place.start(name)
    wait_until(lambda: place.holds.has_begun(2))
    process.send_signal(sent)
    place.holds.let_go()
    got, said = ended(process)
    asked = place.asked()

    assert got == code
    assert said.startswith("foreseen: interrupted after ")
    assert said.endswith(" rows; the same command with --resume continues\n")
    assert said.count("\n") == 1
    assert place.is_unfinished(name)
    rejected, why = place.end(name)
    assert rejected == 1
    assert f"{name}: expected no unfinished run with this output, got one of " in why
    assert "--resume continues it, --force starts over" in why
    assert place.end(name, "--resume")[0] == 3
    assert place.is_whole(name)
    assert asked + place.asked() == place.chunks  # no chunk twice


def test_ctrl_c_stops_in_order_once_and_at_once_twice(place: Place) -> None:
    place.holds.hold(1)
    with place.at_a_terminal("pty.csv") as (press, process, shown):
        wait_until(lambda: place.holds.has_begun(1))
        press(b"\x03")
        wait_until(lambda: "stopping when the rows under way are written; a second signal stops at once" in shown())
        place.holds.let_go()
        assert process.wait() == 130
        assert shown().splitlines()[-1].endswith("; the same command with --resume continues")
    assert place.is_unfinished("pty.csv")

    assert place.end("pty.csv", "--resume")[0] == 3
    assert place.is_whole("pty.csv")

    place.holds.hold(1)
    with place.at_a_terminal("twice.csv") as (press, process, shown):
        wait_until(lambda: place.holds.has_begun(1))
        press(b"\x03")
        wait_until(lambda: "a second signal" in shown())
        press(b"\x03")
        assert process.wait() == 130
        assert "stopped at once; --resume continues from what is on disk" in shown()
    place.holds.let_go()
    assert not (place.folder / "twice.csv").exists()
    assert place.end("twice.csv", "--resume")[0] == 3
    assert place.is_whole("twice.csv")


def test_a_run_stopped_by_a_full_disk_resumes(place: Place) -> None:
    place.holds.hold(1)
    process = place.start("full.csv")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
    place.holds.let_go()
    code, said = ended(process)

    assert code == 1
    assert said == "foreseen: full.csv: cannot be written: File too large; make room and continue with --resume\n"
    assert place.is_unfinished("full.csv")
    assert place.end("full.csv", "--resume")[0] == 3
    assert place.is_whole("full.csv")


def test_an_unwritable_folder_is_reported(place: Place, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    # Root may write anywhere, unless this right of its own is taken from it.
    drop = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"

    done = subprocess.run(
        [command()[0], "-c", drop, *command(*place.args(str(tmp_path / "out.csv")))],
        cwd=place.folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    tmp_path.chmod(0o755)

    said = f"foreseen: {tmp_path}/out.csv: cannot be written: Permission denied\n"
    assert (done.returncode, done.stderr) == (1, said)
    assert list(tmp_path.iterdir()) == []


def test_two_runs_never_write_one_output(place: Place) -> None:
    place.holds.hold(1)
    first = place.start("two.csv")
    wait_until(lambda: place.holds.has_begun(1))
    rejections = [place.end("two.csv", *more) for more in ((), ("--resume",), ("--force",))]
    place.holds.let_go()

    said = "foreseen: two.csv: expected no other run with this output, got one that is still active\n"
    assert rejections == [(1, said)] * 3
    assert ended(first)[0] == 3
    assert place.is_whole("two.csv")


def test_a_run_resumes_once_its_failing_model_is_mended(place: Place) -> None:
    code, said = place.end("failed.csv", model="Failing.joblib")
    assert code == 1
    assert "the model failed in predict: RuntimeError: out of order; the model failed on 1,000 consecutive rows" in said
    assert said.endswith("; the same command with --resume continues\n")
    assert place.is_unfinished("failed.csv")
    (place.folder / "mended.txt").touch()

    assert place.end("failed.csv", "--resume", model="Failing.joblib")[0] == 3
    assert place.is_whole("failed.csv")


def test_too_many_rejects_resume_with_a_higher_limit(place: Place) -> None:
    advice = "see few.csv.rejects.csv.partial; with a larger --max-rejects, --resume continues\n"

    first = place.end("few.csv", "--max-rejects", "20")
    again = place.end("few.csv", "--max-rejects", "20", "--resume")

    line = 'in.csv, line 20938, column a: expected a number, got "many"; nothing says for certain that it is float64'
    assert first[0] == 1
    assert first[1].startswith(f"foreseen: rejected more than 20 rows (max-rejects), the last: {line}; ")
    assert first[1].endswith(advice)
    assert again[0] == 1
    assert again[1].startswith("foreseen: expected at most 20 rejected rows (max-rejects), got ")
    assert again[1].endswith(f"; {advice}")
    assert place.end("few.csv", "--max-rejects", "270", "--resume")[0] == 3
    assert place.is_whole("few.csv")


def test_a_run_resumes_only_with_its_own_options(place: Place) -> None:
    (place.folder / "exchanged.csv").write_bytes((place.folder / "in.csv").read_bytes())
    (place.folder / "other.csv").write_text("a\n1\n")
    place.end("began.csv", "--max-rejects", "20", source="exchanged.csv")
    unfinished = {each: (place.folder / f"began.csv{each}").read_bytes() for each in place.files("began.csv")}

    def rejection(*more: object, **changes: str) -> str:
        code, said = place.end("began.csv", "--resume", *more, **{"source": "exchanged.csv", **changes})
        assert code == 1
        assert said.startswith("foreseen: began.csv.journal: expected ")
        assert said.endswith("; --force starts over\n")
        assert {each: (place.folder / f"began.csv{each}").read_bytes() for each in unfinished} == unfinished
        return said

    assert "expected the input exchanged.csv, got other.csv" in rejection(source="other.csv")
    assert "expected --rejects nothing, got elsewhere.csv" in rejection("--rejects", "elsewhere.csv")
    assert "expected the model " in rejection(model="Failing.joblib")
    with (place.folder / "exchanged.csv").open("a") as file:
        file.write("1\n")
    assert "expected exchanged.csv as it was" in rejection()
    assert place.end("began.csv", "--resume", "--force", source="exchanged.csv")[0] == 3
    assert (place.folder / "began.csv").read_bytes() == place.out + b"1,2.0\n"


def test_a_run_that_cannot_be_resumed_leaves_nothing(place: Place) -> None:
    (place.folder / "cut.csv").write_bytes((place.folder / "in.csv").read_bytes() + b"1\n\xff\xfe\n")

    code, said = place.end("bad.csv", source="cut.csv")

    assert code == 1
    assert "cut.csv: " in said
    assert "--resume" not in said
    assert place.files("bad.csv") == set()


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("-", "x.csv", "expected a file as input, got standard input"),
        ("in.csv", "-", "expected a file as output, got standard output"),
        ("in.csv", "/dev/null", "expected a file as output, got /dev/null"),
    ],
)
def test_streams_cannot_be_gone_on_with(place: Place, source: str, output: str, said: str) -> None:
    assert place.end(output, "--resume", source=source) == (2, f"foreseen: --resume: {said}\n")
