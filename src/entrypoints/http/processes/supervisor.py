"""Supervisor: several processes on one port, each replaced when it ends."""

import logging
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.processes.worker_process import Worker
from foreseen.entrypoints.http.service.graceful_stop import exit_at_once
from foreseen.process.signal_handlers import SUPERVISOR, handle

log = logging.getLogger(__name__)

LOOK_S: Final = 0.5
"""Seconds between checks of workers, signals and reload requests."""

STARTING_LOOK_S: Final = 0.1
"""Seconds between checks until the first workers serve, so that the service is announced soon."""

ENDING_S: Final = 5.0
"""Seconds that a worker may take to end once no request is in progress; after that it is killed."""


class Supervisor(Multiprocess):
    """Runs several processes on one port, replaces those that end or hang, and announces when the first ones serve."""

    processes: list[Worker]  # type: ignore[assignment] # `_started` makes no others

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        announce: Callable[[], None],
        reloads: ReloadRequests,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(config, [listener])
        self._announce = announce
        self._has_announced = False
        self._reloads = reloads
        self._clock = clock
        self._stopped_by: set[signal.Signals] = set()

    def run(self) -> None:
        """Run the workers until a signal to stop."""
        self.init_processes()
        while not self.should_exit.wait(LOOK_S if self._has_announced else STARTING_LOOK_S):
            self.handle_signals()
            self.keep_subprocess_alive()
        self.terminate_all()
        self.join_all()

    def init_processes(self) -> None:
        """Start the first workers."""
        self.processes += [self._started() for _ in range(self.processes_num)]

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended, after a pause if they ended early, and those that hang; announce when all
        first workers serve.

        uvicorn's own method would kill a worker that is silent for five seconds while it imports or loads the model,
        end the service if a worker fails to start, and restart workers without a pause.
        """
        if self.should_exit.is_set():
            return
        now_s = self._clock()
        for place, worker in enumerate(self.processes):
            worker.look(now_s)
            if worker.hangs(now_s) and worker.process.is_alive():
                log.warning("worker %s does not respond and is killed", worker.pid)
                worker.kill()
                worker.join()
            elif worker.is_due(now_s):
                self.processes[place] = self._started(worker.early)
        if not self._has_announced and all(worker.has_served for worker in self.processes):
            self._has_announced = True
            self._announce()

    def _started(self, early: int = 0) -> Worker:
        worker = Worker(self.config, self.sockets, early=early, now_s=self._clock())
        worker.start()
        return worker

    def terminate_all(self) -> None:
        """Close the port, and stop the workers."""
        # First, since the kernel would accept connections while the last requests are answered, and reset them later.
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until the workers have ended, for a bounded time."""
        limit = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + ENDING_S
        for process in (each.process for each in self.processes):
            process.join(max(0.0, limit - time.monotonic()))
            if process.is_alive():
                log.warning("worker %s does not end and is killed", process.pid)
                process.kill()
                process.join()

    def handle_int(self) -> None:
        """Stop the workers; exit at once on a second SIGINT."""
        self._stop(signal.SIGINT, super().handle_int)

    def handle_term(self) -> None:
        """Stop the workers; exit at once on a second SIGTERM."""
        self._stop(signal.SIGTERM, super().handle_term)

    def handle_signals(self) -> None:
        """Handle signals that were received, and reload requests of workers."""
        super().handle_signals()
        if self._reloads.take():
            self.handle_hup()

    def handle_hup(self) -> None:
        """Make each worker reload the model; start workers that wait for their restart at once."""
        for worker in self.processes:
            worker.reload()

    def handle_ttin(self) -> None:
        """Add a worker, on SIGTTIN."""
        self.processes_num += 1
        self.processes.append(self._started())

    def _stop(self, signum: signal.Signals, stop: Callable[[], None]) -> None:
        """Stop, and exit at once if the same signal comes again; models end with their workers."""
        # uvicorn queues signals, but reads its queue no more from here on.
        handle(SUPERVISOR, lambda *_: exit_at_once(signum, self._kill_all), only=signum)
        if signum in self._stopped_by or signum in self.signal_queue:  # it came again before that
            exit_at_once(signum, self._kill_all)
        self._stopped_by.add(signum)
        stop()

    def _kill_all(self) -> None:
        for process in self.processes:
            process.process.kill()
