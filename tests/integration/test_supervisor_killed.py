"""Workers that cannot load their model, and workers whose supervisor is killed."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from foreseen.entrypoints.listening_port import listening
from support.held_model import Holds
from support.process_facts import is_gone
from support.processes import model_processes, wait_until, wait_until_closed, workers
from support.reloadable_service import adding, answer, put


def test_workers_outlive_a_broken_file_and_end_with_their_supervisor(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    with adding(tmp_path, "--workers", "2") as running, ThreadPoolExecutor(1) as pool:
        victim, survivor = workers(running)
        good = (tmp_path / "model.pkl").read_bytes()
        (tmp_path / "model.pkl").write_bytes(b"no model at all")
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: any("cannot start: model.pkl: " in line for line in running.err))
        said = [line for line in running.err if f"worker {victim}" in line or "cannot start" in line]
        assert [re.findall(r"another one starts in \d+ s", line) for line in said[:2]] == [
            [f"another one starts in {pause} s"] for pause in (1, 2)
        ]
        assert [line for line in running.err if "[info" not in line] == said  # a line each, and no traceback
        assert answer(running, 0.5) == 100.5

        (tmp_path / "model.pkl").write_bytes(good)
        running.process.send_signal(signal.SIGHUP)  # it waits no longer
        wait_until(lambda: len(workers(running)) == 2 and all(map(model_processes, workers(running))))
        started = [*workers(running), *(model for worker in workers(running) for model in model_processes(worker))]
        assert survivor in started
        put(tmp_path, 200)
        holds.hold(2.5)
        under_way = pool.submit(answer, running, 2.5)
        wait_until(lambda: holds.has_begun(2.5))

        running.process.kill()

        wait_until_closed(running)
        listening("127.0.0.1", urlsplit(running.url).port or 0).close()  # as the next start does
        holds.let_go()
        assert under_way.result() == 102.5
        wait_until(lambda: all(map(is_gone, started)))
    assert "Traceback" not in "".join(running.err)
