"""A service of several workers in a terminal: Ctrl-C reaches all of its processes at once."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from sklearn.linear_model import LinearRegression

from support.models import save
from support.processes import ANSWER_S, Served, command, environment, starter, wait_until, workers


@contextmanager
def two_workers(folder: Path) -> Iterator[Popen[str]]:
    model = save(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), folder)
    with starter()(
        command("serve", model, "--workers", "2", "--port", "0", "--log-level", "warning"),
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            while "/docs" not in process.stdout.readline():
                assert process.poll() is None
            wait_until(lambda: len(workers(Served(process))) == 2)
            yield process
        finally:
            process.kill()


def test_ctrl_c_ends_all_workers_in_order_without_errors(tmp_path: Path) -> None:
    with two_workers(tmp_path) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=ANSWER_S)

    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("again", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_are_signalled_until_their_end_end_without_errors(again: signal.Signals, tmp_path: Path) -> None:
    with two_workers(tmp_path) as process, ExitStack() as opened:
        ending = [os.pidfd_open(pid) for pid in workers(Served(process))]
        for each in ending:
            opened.callback(os.close, each)

        os.killpg(process.pid, signal.SIGINT)
        while process.poll() is None:
            for each in ending:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(each, again)
            time.sleep(0.0005)
        _, errors = process.communicate(timeout=ANSWER_S)

    assert (process.returncode, errors) == (0, "")
