"""The driver: a process of its own for Ray, whose signals, threads and output are then not those of the command."""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Final

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.entrypoints.ray.driver.process_session import end_session, freeze_session
from foreseen.entrypoints.ray.driver.ray_session import connected, last_line, prepare

log = logging.getLogger(__name__)

END: Final = "end"
"""The last message of a run that came to its end."""


@dataclass(frozen=True, slots=True)
class Order:
    """The first message to the driver; the second is the work.

    Attributes:
        address: of the cluster; None for a Ray of this run's own.
        folder: where that keeps its files.
        is_debugging: whether what Ray logs is shown.
    """

    address: str | None
    folder: Path | None
    is_debugging: bool


def main(fd: int) -> None:
    """Do work on a cluster for the command at the other end of a socket."""
    _leave_signals_to_the_command()
    connection = Connection(fd)
    try:
        order: Order = unpacked(connection.recv_bytes())
        Thread(target=_end_with_the_command, args=(order.folder,), name="lifeline", daemon=True).start()
        logging.basicConfig(level=logging.DEBUG if order.is_debugging else logging.CRITICAL)
        for message in _messages(connection, order):
            connection.send_bytes(message)
    except (EOFError, OSError):
        return  # the command wants no more


def _messages(connection: Connection, order: Order) -> Iterator[bytes]:
    """Yield outcomes, packed, and in the end END or what went wrong."""
    try:
        prepare(order.address)
        with connected(order.address, order.folder) as cores:
            _leave_signals_to_the_command()  # Ray has taken SIGTERM for itself
            from foreseen.entrypoints.ray.driver.pipeline import outcomes  # noqa: PLC0415 - Ray is an extra

            with closing(outcomes(unpacked(connection.recv_bytes()), cores)) as found:
                yield from found
            yield packed(END)
    except ForeseenError as exc:
        yield packed(exc)
    except Exception as exc:
        log.debug("the driver failed", exc_info=True)
        yield packed(ClusterError(f"Ray: {last_line(exc)}"))


def _leave_signals_to_the_command() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _outlive)


def _outlive(*_: object) -> None:
    """Outlive a signal that a whole service was sent: the command ends this process, and all that it has started.

    A handler, since what Ray starts would inherit that a signal is ignored.
    """


def _end_with_the_command(folder: Path | None) -> None:
    """End when the command does, even if it is killed, with all of Ray that was started here: it holds our input."""
    os.read(0, 1)
    session, own = os.getsid(0), os.getpid()
    freeze_session(session, spared=own)  # Ray ends this process when it sees that its daemons are gone
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    end_session(session, spared=own)
    os._exit(1)
