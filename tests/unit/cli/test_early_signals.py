"""A signal while the command imports its modules."""

import os
import signal
import subprocess
import sys

import pytest

from support.patience import PATIENCE_S

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
APP = "foreseen.entrypoints.cli.command_line"


def ended(signum: int, *, at: str = APP, argv: tuple[str, ...] = (), before: str = "") -> tuple[int, bytes]:
    """Send a signal when a module is looked for; return the exit code and standard error."""
    line = [sys.executable, "-c", before + _CODE, at, str(signum), *argv]
    done = subprocess.run(line, capture_output=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_among_the_imports_ends_in_one_line(signum: int) -> None:
    assert ended(signum) == (128 + signum, b"foreseen: interrupted\n")


def test_a_signal_while_lines_are_imported_ends_in_one_line() -> None:
    at = "foreseen.entrypoints.operator_lines"

    assert ended(signal.SIGTERM, at=at) == (143, b"foreseen: interrupted\n")


def test_a_signal_among_the_imports_ends_in_json_where_logs_are() -> None:
    code, said = ended(signal.SIGTERM, argv=("score", "--log-format", "json"))

    assert (code, said.count(b"\n")) == (143, 1)
    assert said.startswith(b'{"event": "interrupted"')


def test_a_signal_that_was_to_be_ignored_ends_nothing() -> None:
    before = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"

    assert ended(signal.SIGHUP, before=before) == (0, b"")


def test_a_hang_up_that_takes_the_terminal_along_has_its_exit_code() -> None:
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-c", _CODE, APP, str(signal.SIGHUP.value)]
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(line, stderr=gone, timeout=PATIENCE_S, check=False)

    assert done.returncode == 129
