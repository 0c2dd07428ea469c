"""A service of several workers in a terminal: Ctrl-C reaches all of its processes at once."""

import os
import signal
from pathlib import Path
from subprocess import PIPE

from sklearn.linear_model import LinearRegression

from support.models import save
from support.processes import ANSWER_S, Served, command, environment, starter, wait_until, workers


def test_ctrl_c_ends_all_workers_in_order_without_errors(tmp_path: Path) -> None:
    model = save(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), tmp_path)
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

            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=ANSWER_S)
        finally:
            process.kill()

    assert (process.returncode, errors) == (0, "")
