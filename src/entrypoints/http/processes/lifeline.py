"""Lifeline: a worker ends with its supervisor, so that the port is free for the next start."""

import logging
import multiprocessing
import os
import signal
import time
from threading import Thread

from foreseen.entrypoints.log_stream import drain_log

log = logging.getLogger(__name__)


def end_with_supervisor(limit_s: float) -> None:
    """Shut this worker down as after SIGTERM once its supervisor has ended.

    Args:
        limit_s: seconds that the shutdown may take; after that, the worker exits at once.
    """
    Thread(target=_end_with_supervisor, args=(limit_s,), name="lifeline", daemon=True).start()


def _end_with_supervisor(limit_s: float) -> None:
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return
    supervisor.join()  # waits on a pipe that the kernel closes when the supervisor ends
    log.warning("the supervisor has ended: worker %s shuts down", os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(limit_s)
    drain_log()
    os._exit(1)
