"""A signal while the command imports its modules."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from support.time_limits import PATIENCE_S

_CODE = """
import os, sys

class Ended:
    def find_spec(self, name, *_):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), int(sys.argv[2]))

sys.meta_path.insert(0, Ended())
import foreseen.__main__
"""
_SWEEP = """
import os, signal, sys

class Ended:
    def find_spec(self, name, *_):
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            return  # too early for a handler
        child = os.fork()
        if not child:
            os.kill(os.getpid(), signal.SIGTERM)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 143, (name, code)
        print(name)

sys.meta_path.insert(0, Ended())
import foreseen.__main__
"""
APP = "foreseen.entrypoints.cli.command_line"


def ended(signum: int, *, at: str = APP, argv: tuple[str, ...] = (), before: str = "") -> tuple[int, bytes]:
    """Send a signal when a module is looked for; return the exit code and standard error."""
    line = [sys.executable, "-c", before + _CODE, at, str(signum), *argv]
    done = subprocess.run(line, capture_output=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_among_the_imports_ends_in_one_line(signum: int) -> None:
    assert ended(signum) == (128 + signum, b"foreseen: interrupted\n")


@pytest.mark.parametrize("argv", [(), ("serve", "--log-format", "json")], ids=["text", "json"])
def test_a_signal_at_any_import_ends_in_one_line(argv: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SWEEP, *argv], capture_output=True, timeout=PATIENCE_S, check=True, text=True
    )
    modules = done.stdout.splitlines()
    said = done.stderr.splitlines()

    assert len(modules) > 100
    assert "weakref" in modules
    assert len(said) == len(modules)
    event = '{"event": "interrupted' if argv else "foreseen: interrupted"
    assert {line.partition('", ')[0] for line in said} == {event}


def test_a_signal_during_imports_ends_in_json_where_logs_are() -> None:
    code, said = ended(signal.SIGTERM, argv=("score", "--log-format", "json"))

    line = json.loads(said)
    assert (code, said.count(b"\n")) == (143, 1)
    assert list(line) == ["event", "level", "logger", "timestamp"]
    assert (line["event"], line["level"]) == ("interrupted", "error")
    assert datetime.now(UTC) - datetime.fromisoformat(line["timestamp"]) < timedelta(days=1)


def test_a_signal_that_was_to_be_ignored_ends_nothing() -> None:
    before = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"

    assert ended(signal.SIGHUP, before=before) == (0, b"")


def test_a_hang_up_of_the_terminal_has_its_exit_code() -> None:
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-c", _CODE, APP, str(signal.SIGHUP.value)]
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(line, stderr=gone, timeout=PATIENCE_S, check=False)

    assert done.returncode == 129
