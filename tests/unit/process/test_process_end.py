"""How a process ends: as Python would, and past threads of libraries that do not survive the end of the interpreter."""

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from foreseen.process import process_end
from support.time_limits import PATIENCE_S

end: Any = process_end.end_process_after
"""It does not return, but for tests that have the process go on."""

# A row that Arrow calls back for, on a thread that is in Python, and out of it, all the time.
ENDS_AMID_ARROW = """
import atexit, sys, threading, time
import pyarrow as pa, pyarrow.csv as csv
from foreseen.process.process_end import end_process_after

begun = threading.Event()

def handle(row):
    begun.set()
    while True:
        time.sleep(0.001)

def read():
    csv.read_csv(
        pa.BufferReader(b"a,b\\n1\\n"),
        read_options=csv.ReadOptions(use_threads=False),
        parse_options=csv.ParseOptions(invalid_row_handler=handle),
    )

def write_late():
    threading.main_thread().join(0.1)
    print("thread")

def work():
    atexit.register(print, "exit handler")
    threading.Thread(target=read, daemon=True).start()
    begun.wait()
    threading.Thread(target=write_late).start()
    print("work")
    return 143

end_process_after(work)
"""


def test_a_process_ends_during_a_callback_of_arrow(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_AMID_ARROW], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert (ended.returncode, ended.stderr) == (143, "")
    assert ended.stdout.split("\n") == ["work", "thread", "exit handler", ""]


def raising(exc: BaseException) -> int:
    raise exc


@pytest.mark.parametrize(
    ("exc", "code", "said"),
    [
        (None, 0, ""),
        (SystemExit(), 0, ""),
        (SystemExit(7), 7, ""),
        (SystemExit("no such thing"), 1, "no such thing\n"),
        (ValueError("a bug"), 1, "ValueError: a bug\n"),
    ],
    ids=repr,
)
def test_the_exit_code_is_what_python_makes_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], exc: BaseException | None, code: int, said: str
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(process_end, "end_process", ended.append)

    end(lambda: 0 if exc is None else raising(exc))

    assert ended == [code]
    assert capsys.readouterr().err.endswith(said)


class Full(StringIO):
    """Standard output that leads to a full disk."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes that processes would have ended with."""
    codes: list[int] = []
    monkeypatch.setattr("threading._shutdown", lambda: None)
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: None)
    monkeypatch.setattr("os._exit", codes.append)
    return codes


def test_a_process_without_room_for_threads_still_ends(ended: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.Thread.start", lambda _: raising(RuntimeError("can't start new thread")))

    end(lambda: 7)

    assert ended == [7]


def test_output_that_cannot_be_written_is_no_success(
    ended: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())

    end(lambda: 0)
    end(lambda: 130)

    assert ended == [1, 130]
    assert "standard output: expected it to be written, got no space left on device\n" in capsys.readouterr().err
