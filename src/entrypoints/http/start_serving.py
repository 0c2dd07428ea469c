"""Serving: starts the processes of a service, from its settings."""

import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.middleware.access_keys import warn_of_open_access
from foreseen.entrypoints.http.processes.lifeline import end_with_supervisor
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.processes.supervisor import ENDING_S, Supervisor
from foreseen.entrypoints.http.server.queued_connections import accept_queued
from foreseen.entrypoints.http.server.tls_certificate import check_tls
from foreseen.entrypoints.http.server.uvicorn_server import draining_s, server_config
from foreseen.entrypoints.http.service.assembly import create_front
from foreseen.entrypoints.http.service.graceful_stop import exit_at_once
from foreseen.entrypoints.listening_port import listening
from foreseen.entrypoints.log_stream import LogStream, RawOutput
from foreseen.entrypoints.logs import configure_logs
from foreseen.entrypoints.startup_signals import Starting
from foreseen.process.garbage_collection import FOR_REQUESTS, resume_collections
from foreseen.process.signal_handlers import SERVICE, raise_once
from foreseen.settings import Settings
from foreseen.wiring.model_loading import ModelProcess
from foreseen.wiring.predictors import ServedModel, end_model
from foreseen.wiring.service import Service, wire_service


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
        process: a process that is loading the model; None to load it in this one.
        announce: called with the service and its port once that is open.
    Raises:
        ModelUnavailableError: the model cannot be loaded; the port is not opened then.
        PortError: the port cannot be opened.
        SettingsError: the certificate or its key cannot be used.
    """
    check_tls(settings)
    warn_of_open_access(settings)
    warm_up()
    predictor = ServedModel(settings, process).loaded()
    settings = cache_what_repeats(settings, predictor.info.determinism)
    service = wire_service(settings, predictor)
    serve_application(
        settings,
        starting,
        app=create_front(service),
        app_of_worker=partial(_app_of_worker, settings, Slots()),
        end_models=partial(end_model, predictor),
        announce=partial(announce, service),
    )


def serve_application(
    settings: Settings,
    starting: Starting,
    *,
    app: ASGIApp,
    app_of_worker: Callable[..., ASGIApp],
    end_models: Callable[[], None],
    announce: Callable[[int], None],
) -> None:
    """Serve an application, or one in each of several workers.

    Args:
        app_of_worker: creates the application of a worker, from the reload requests and the variables to remove.
        end_models: called before workers start, each of which loads its own: those of this process have been checked.
        announce: called with the port once that is open.
    """
    resume_collections(FOR_REQUESTS)
    with listening(settings.host, settings.port) as listener:
        announce_once = partial(announce, listener.getsockname()[1])
        if settings.workers == 1:
            _exit_with_0_on_stop_signals()
            starting.end()
            _Server(server_config(app, settings), announce_once).run(sockets=[listener])
        else:
            end_models()
            with _past_the_working_directory() as names:
                reloads = ReloadRequests()
                created = partial(app_of_worker, reloads, names)
                supervisor = Supervisor(server_config(created, settings), listener, announce_once, reloads)
                starting.end()
                supervisor.run()


@contextmanager
def _past_the_working_directory() -> Iterator[Sequence[str]]:
    """Set PYTHONSAFEPATH, so that new processes do not import modules from the working directory.

    They are started by `python -c`, which would import a file `signal.py` there in place of the standard library's.

    Yields:
        The variables to remove in these processes, so that the processes of models do not inherit them.
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


def warm_up() -> None:
    """Add a first route to FastAPI, which is slow, while the model is loading."""
    FastAPI().add_api_route("/", lambda: None, response_model=int)


def _exit_with_0_on_stop_signals() -> None:
    """Exit with 0 on signals to stop.

    uvicorn finishes the requests in progress and then raises the signal again. That would kill the process, which a
    service manager would take for a failure.
    """
    raise_once(SERVICE, SystemExit(0), later=lambda signum, _: exit_at_once(signum, end_at_once=lambda: None))


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
        """Accept the connections in the kernel's queue first."""
        await accept_queued(sockets or ())
        await super().shutdown(sockets)


def _app_of_worker(settings: Settings, slots: Slots, reloads: ReloadRequests, names: Sequence[str]) -> ASGIApp:
    starting = started_worker(settings, names)
    service = wire_service(settings, ServedModel(settings).loaded(), counts=slots.claim())
    app = create_front(service, slots, reload_all=reloads.make)
    starting.end_as_before()
    resume_collections(FOR_REQUESTS)
    return app


def started_worker(settings: Settings, names: Sequence[str]) -> Starting:
    """Prepare the process of a worker; return what handles signals until its models are loaded.

    Args:
        names: variables to remove from the environment.
    """
    for name in names:
        os.environ.pop(name, None)
    configure_logs(settings, LogStream(RawOutput(sys.stderr)))
    end_with_supervisor(draining_s(settings) + ENDING_S)
    return Starting()  # with uvicorn's handlers alone, SIGTERM would wait until the model is loaded
