"""A run on a Ray of its own that is stopped: one line, the right exit code, and within seconds nothing is left of it.

`make stops` stops a run at any number of moments of its life instead of the few of here.
"""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.marked_processes import Mark, marked
from support.processes import command, environment, wait_until

pytestmark = pytest.mark.timeout(2 * 300)
MOMENTS = int(os.environ.get("FORESEEN_TEST_STOPS", "0"))
STARTED_S = 300.0
"""Seconds in which Ray starts, on a machine however busy."""
GONE_S = 20.0
"""Seconds after which nothing may be left."""
WAYS = {
    "Ctrl-C": ([signal.SIGINT], 130),
    "Ctrl-C twice": ([signal.SIGINT, signal.SIGINT], 130),
    "SIGTERM": ([signal.SIGTERM], 143),
    "hang-up": ([signal.SIGHUP], 129),
    "hang-up and SIGTERM": ([signal.SIGHUP, signal.SIGTERM], 129),
}


def line_of(own: Path, tmp_path: Path, model: str) -> list[str]:
    """Return the command that scores two rows on a Ray of its own."""
    (tmp_path / "in.csv").write_text("x0\n1001\n1002\n")
    line = command("score", own / f"{model}.joblib", tmp_path / "in.csv", "-o", tmp_path / "out", "--features", "x0")
    return [*line, "--cache", "none", "--engine", "ray"]


@contextmanager
def started(own: Path, tmp_path: Path, mark: Mark, model: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a run on a Ray of its own."""
    line = line_of(own, tmp_path, model)
    with subprocess.Popen(
        line, stderr=subprocess.PIPE, env=environment(mark.env), cwd=own, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[bytes], signals: list[signal.Signals]) -> float:
    """Send signals, the second when the first was heard, and return the seconds until the command has ended."""
    began = time.monotonic()
    for each in signals:
        process.send_signal(each)
        time.sleep(0.05)  # two that are sent at once may be one
    process.wait(timeout=GONE_S)
    return time.monotonic() - began


def check_nothing_is_left(mark: Mark, tmp_path: Path) -> None:
    wait_until(lambda: not mark.left(), seconds=GONE_S)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "own"]


def has_begun_ray(mark: Mark) -> bool:
    return any(mark.folder.glob("foreseen-ray-*/session_*"))


def hears_signals(mark: Mark) -> bool:
    """Return whether a process handles SIGTERM, by which it is past the start of Python."""
    handled = [int(line.split()[1], 16) for pid in mark.processes() for line in lines_of(pid) if "SigCgt" in line]
    return any(bits >> (signal.SIGTERM - 1) & 1 for bits in handled)


def lines_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return []


@pytest.mark.parametrize("way", WAYS)
def test_a_run_stopped_while_it_scores_ends_in_one_line(own: Path, tmp_path: Path, way: str) -> None:
    signals, code = WAYS[way]
    with marked() as mark, started(own, tmp_path, mark, "Endless") as process:
        wait_until((own / "started.txt").exists, seconds=STARTED_S)
        stop(process, signals)
        assert process.stderr is not None
        said = process.stderr.read()

        assert (process.returncode, said) == (code, b"foreseen: interrupted\n")
        check_nothing_is_left(mark, tmp_path)


@pytest.mark.parametrize(
    "moment",
    [hears_signals, lambda mark: len(mark.processes()) > 1, has_begun_ray],
    ids=["imports", "model", "ray"],
)
def test_a_run_stopped_while_ray_starts_ends_in_one_line(
    own: Path, tmp_path: Path, moment: Callable[[Mark], bool]
) -> None:
    with marked() as mark, started(own, tmp_path, mark, "Endless") as process:
        wait_until(lambda: moment(mark), seconds=STARTED_S)
        stop(process, [signal.SIGTERM])
        assert process.stderr is not None
        said = process.stderr.read()

        assert (process.returncode, said) == (143, b"foreseen: interrupted\n")
        check_nothing_is_left(mark, tmp_path)


def test_a_terminal_that_closes_ends_its_run_and_leaves_nothing(own: Path, tmp_path: Path) -> None:
    with marked() as mark:
        ours, theirs = os.openpty()
        # What the first process of a session opens is its terminal.
        line = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(theirs), *line_of(own, tmp_path, "Endless")]
        with subprocess.Popen(line, env=environment(mark.env), cwd=own, start_new_session=True) as process:
            os.close(theirs)
            try:
                wait_until((own / "started.txt").exists, seconds=STARTED_S)
                os.close(ours)  # the kernel hangs up, and what is written fails
                process.wait(timeout=GONE_S)
            finally:
                process.kill()

        assert process.returncode == 129
        check_nothing_is_left(mark, tmp_path)


def test_a_frozen_ray_does_not_delay_the_end(own: Path, tmp_path: Path) -> None:
    with marked() as mark, started(own, tmp_path, mark, "Endless") as process:
        wait_until((own / "started.txt").exists, seconds=STARTED_S)
        for pid in set(mark.processes()) - {process.pid}:
            os.kill(pid, signal.SIGSTOP)
        stop(process, [signal.SIGTERM])

        assert process.returncode == 143
        check_nothing_is_left(mark, tmp_path)


def test_a_killed_run_leaves_no_process(own: Path, tmp_path: Path) -> None:
    with marked() as mark, started(own, tmp_path, mark, "Endless") as process:
        wait_until((own / "started.txt").exists, seconds=STARTED_S)
        process.kill()

        wait_until(lambda: not mark.left(), seconds=GONE_S)


@pytest.mark.skipif(not MOMENTS, reason="takes a minute: make stops")
@pytest.mark.timeout(300 * (1 + MOMENTS))
def test_a_run_stopped_at_any_moment_ends_in_one_line(own: Path, tmp_path: Path) -> None:
    with marked() as mark, started(own, tmp_path, mark, "Counting") as process:
        began = time.monotonic()
        _, failure = process.communicate(timeout=STARTED_S)
        assert process.returncode == 0, failure
        whole_s = time.monotonic() - began
    subprocess.run(["rm", "-r", tmp_path / "out"], check=True)
    ways = itertools.cycle(WAYS.items())
    for number in range(MOMENTS):
        way, (signals, code) = next(ways)
        with marked() as mark, started(own, tmp_path, mark, "Endless") as process:
            wait_until(lambda mark=mark: hears_signals(mark), seconds=STARTED_S)  # type: ignore[misc]
            time.sleep(whole_s * number / MOMENTS)  # any moment is what is looked for
            seconds = stop(process, signals)
            wait_until(lambda mark=mark: not mark.left(), seconds=GONE_S)  # type: ignore[misc]
            assert process.stderr is not None
            said = process.stderr.read().decode()
        print(f"{whole_s * number / MOMENTS:5.1f} s {way:20} {process.returncode} in {seconds:.2f} s: {said!r}")  # noqa: T201
        assert (process.returncode, said) == (code, "foreseen: interrupted\n")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "own"]
