"""Serving: from settings to processes that answer on a port."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from foreseen.domain.garbage_collection import FOR_REQUESTS, resume_collections
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.middleware.access_keys import warn_of_open_doors
from foreseen.entrypoints.http.processes.lifeline import end_with_supervisor
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.processes.supervisor import ENDING_S, Supervisor
from foreseen.entrypoints.http.server.tls_certificate import check_tls
from foreseen.entrypoints.http.server.uvicorn_server import draining_s, server_config
from foreseen.entrypoints.http.service.assembly import create_front
from foreseen.entrypoints.listening_port import listening
from foreseen.entrypoints.log_stream import LogStream, RawOutput
from foreseen.entrypoints.logs import configure_logs
from foreseen.entrypoints.startup_signals import Starting
from foreseen.settings import Settings
from foreseen.wiring.model_loading import ModelProcess
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, wire_service

SETTLE_S: Final = 0.05
"""Seconds for the event loop to accept the connections that wait at the port."""


def serve(
    settings: Settings,
    starting: Starting,
    *,
    process: ModelProcess | None,
    announce: Callable[[Service, int], None],
) -> None:
    """Serve until a signal to stop.

    Args:
        starting: handles signals until the model is loaded.
        process: one that has begun to load the model; None where it loads in this process.
        announce: called with the service and the port once it is open.
    Raises:
        ModelUnavailableError: the model cannot be loaded; no port was opened.
        PortError: the port cannot be opened.
        SettingsError: the certificate or its key cannot be used.
    """
    check_tls(settings)
    warn_of_open_doors(settings)
    _warm_up()
    predictor = ServedModel(settings, process).loaded()
    settings = cache_what_repeats(settings, predictor.info.determinism)
    service = wire_service(settings, predictor)
    app = create_front(service)
    resume_collections(FOR_REQUESTS)
    with listening(settings.host, settings.port) as listener:
        announce_once = partial(announce, service, listener.getsockname()[1])
        if settings.workers == 1:
            _exit_with_0_on_stop_signals()
            starting.end()
            _Server(server_config(app, settings), announce_once).run(sockets=[listener])
        else:
            # Each process builds its own application from the settings; this process loaded the model to check it.
            end_model(predictor)
            with _past_the_working_directory() as names:
                reloads = ReloadRequests()
                app_of_worker = partial(_app_of_worker, settings, Slots(), reloads, names)
                supervisor = Supervisor(server_config(app_of_worker, settings), listener, announce_once, reloads)
                starting.end()
                supervisor.run()


@contextmanager
def _past_the_working_directory() -> Iterator[Sequence[str]]:
    """Set PYTHONSAFEPATH, so that new processes do not import modules from the working directory.

    They are started by `python -c`, which would import a file `signal.py` there in place of the library.

    Yields:
        The variables that they remove from their environment, so that the model's own processes do not inherit them.
    """
    name = "PYTHONSAFEPATH"
    if name in os.environ:
        yield []
        return
    os.environ[name] = "1"
    try:
        yield [name]
    finally:
        del os.environ[name]


def _warm_up() -> None:
    """Do the slow work of FastAPI's first route now, while the model is loading."""
    FastAPI().add_api_route("/", lambda: None, response_model=int)


def _exit_with_0_on_stop_signals() -> None:
    """Exit with 0 on signals to stop.

    uvicorn finishes the requests in progress and then raises the signal again. By default that kills the process, which
    a supervisor takes for a failure.
    """

    def end(*_: object) -> None:
        raise SystemExit(0)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, end)


class _Server(uvicorn.Server):
    """A server that announces when it has started."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections in the kernel's queue first, since closing the port would reset them."""
        for listener in sockets or ():
            listener.listen(0)
        await asyncio.sleep(SETTLE_S)
        await super().shutdown(sockets)


def _app_of_worker(settings: Settings, slots: Slots, reloads: ReloadRequests, names: Sequence[str]) -> ASGIApp:
    for name in names:
        os.environ.pop(name, None)
    configure_logs(settings, LogStream(RawOutput(sys.stderr)))
    end_with_supervisor(draining_s(settings) + ENDING_S)
    before = signal.getsignal(signal.SIGTERM)
    starting = Starting()  # uvicorn's handler would let the model load first
    service = wire_service(settings, ServedModel(settings).loaded(), counts=slots.claim())
    app = create_front(service, slots, reload_all=reloads.make)
    signal.signal(signal.SIGTERM, before)
    starting.end()
    resume_collections(FOR_REQUESTS)
    return app
