"""Lifeline: a worker ends with its supervisor, however that ends, so that the port is free for the next start."""

import logging
import multiprocessing
import os
import signal
import time
from threading import Thread

from foreseen.entrypoints.log_stream import drain_log

log = logging.getLogger(__name__)


def end_with_supervisor(limit_s: float) -> None:
    """Shut this worker down, in good order, once its supervisor is gone.

    Args:
        limit_s: seconds that this may take; then the worker exits with what is under way.
    """
    Thread(target=_end_with_supervisor, args=(limit_s,), name="lifeline", daemon=True).start()


def _end_with_supervisor(limit_s: float) -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return
    supervisor.join()  # reads from a pipe that only the supervisor can write to, which the kernel closes with it
    log.warning("the supervisor has ended: worker %s shuts down", os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(limit_s)
    drain_log()
    os._exit(1)
