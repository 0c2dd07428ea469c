"""The driver: a process of its own for Ray, whose signal handlers, threads and output then stay out of the command."""

import logging
import os
import shutil
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
from foreseen.process.log_setup import send_logs_to
from foreseen.process.signal_handlers import leave_signals_to_parent

log = logging.getLogger(__name__)

END: Final = "end"
"""The last message of a run that has done all its work."""


@dataclass(frozen=True, slots=True)
class Order:
    """The first message to the driver; the second is the work.

    Attributes:
        address: address of the cluster; None to start a Ray for this run.
        folder: the folder for the files of a Ray that is started; None for an existing cluster.
        is_debugging: whether to show Ray's logs.
    """

    address: str | None
    folder: Path | None
    is_debugging: bool


def main(fd: int) -> None:
    """Do work on a cluster for the command at the other end of a socket, given by its descriptor."""
    leave_signals_to_parent()
    connection = Connection(fd)
    try:
        order: Order = unpacked(connection.recv_bytes())
        Thread(target=_end_with_the_command, args=(order.folder,), name="lifeline", daemon=True).start()
        send_logs_to(_to_errors(), level=logging.DEBUG if order.is_debugging else logging.CRITICAL)
        for message in _messages(connection, order):
            connection.send_bytes(message)
    except (EOFError, OSError):
        return  # the command has closed the socket


def _to_errors() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    return handler


def _messages(connection: Connection, order: Order) -> Iterator[bytes]:
    """Yield packed outcomes, and last END or the error that ended the work."""
    try:
        prepare(order.address)
        with connected(order.address, order.folder) as cores:
            leave_signals_to_parent()  # again, since Ray has installed a handler of SIGTERM
            from foreseen.entrypoints.ray.driver.pipeline import outcomes  # noqa: PLC0415 - Ray is an extra

            with closing(outcomes(unpacked(connection.recv_bytes()), cores)) as found:
                yield from found
            yield packed(END)
    except ForeseenError as exc:
        yield packed(exc)
    except Exception as exc:
        log.debug("the driver failed", exc_info=True)
        yield packed(ClusterError(f"Ray: {last_line(exc)}"))


def _end_with_the_command(folder: Path | None) -> None:
    """End when the command does, even if it is killed, with the Ray that was started here, whose files hold input."""
    os.read(0, 1)  # returns when the command ends, as it never writes
    session, own = os.getsid(0), os.getpid()
    freeze_session(session, spared=own)  # Ray would end this process on seeing its daemons gone, before the rest
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    end_session(session, spared=own)
    os._exit(1)
