"""Standard error is a pipe that is full, and its reader has stopped: the service serves, and ends."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest
from sklearn.linear_model import LinearRegression

from support.example_counts import cases
from support.full_pipe import full_pipe
from support.models import save
from support.processes import Served, command, environment, starter, wait_until, workers


@contextmanager
def stuck(*args: object) -> Iterator[Served]:
    with full_pipe() as (_, errors):
        process = starter()(
            command("serve", *args, "--port", "0", "--access-log", "on"),
            stdout=PIPE,
            stderr=errors,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            with process.stdout as out:
                found = (re.search(r"(http://\S+)/docs", line) for line in out)
                yield Served(process, url=next(match[1] for match in found if match))
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("number", cases(1, long=[2]))
def test_a_service_with_unread_standard_error_serves_and_ends(tmp_path: Path, number: int) -> None:
    model = save(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), tmp_path)
    with stuck(model, "--features", "a", "--workers", number) as running:
        for a in range(20):
            assert running.get("/predict", a=a % 10).status_code == 200
        if number == 1:
            assert running.post(None, "/admin/reload").status_code == 200  # whose lines the event loop logs
        else:
            ended, _ = workers(running)
            os.kill(ended, signal.SIGKILL)  # whose end the supervisor logs
            wait_until(lambda: ended not in workers(running) and len(workers(running)) == 2)
        assert running.get("/predict", a=1).status_code == 200

        assert running.stop() == 0
