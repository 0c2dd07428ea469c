"""A connection to Ray: to an existing cluster, or to one that is started on this machine for this run alone."""

import importlib
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foreseen.entrypoints.ray.cluster_errors import NotConnectedError
from foreseen.entrypoints.ray.driver.lean_node import start_no_helpers

log = logging.getLogger(__name__)

_STORE_BYTES_A_CORE: Final = 256 << 20
"""Memory for parts that are being sent, some for each actor."""

_ALWAYS: Final[Mapping[str, str]] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of a future change
}
_QUIET: Final[Mapping[str, str]] = {
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # its C++ code writes to standard error without a logger
}
_ON_LOOPBACK: Final[Mapping[str, str]] = {
    # Otherwise Ray listens on every address of the machine, whatever its options. The name is from another purpose.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}

_FEW_RETRIES: Final[Mapping[str, str]] = {
    # If another service listens at the address, Ray notices after one try of forty seconds, instead of twenty tries.
    "RAY_NUM_REDIS_GET_RETRIES": "1",
}
_PATIENT: Final[Mapping[str, str]] = {
    # A busy machine may not start a worker within the minute that Ray waits, after which Ray starts another, and so on.
    "RAY_worker_register_timeout_seconds": "900",
    # The only node is not dead if it does not answer for some seconds.
    "RAY_health_check_failure_threshold": "100",
}


@dataclass(frozen=True, slots=True)
class Cores:
    """The number of cores of a cluster, and of its largest machine."""

    all: float
    most: float


def prepare(address: str | None) -> None:
    """Set the environment variables that Ray reads when imported, and passes on to the processes that it starts."""
    os.environ.update(_ALWAYS)
    if not _is_debugging():
        os.environ.update(_QUIET)
    if address is None or _is_loopback(address):
        os.environ.update(_ON_LOOPBACK)
    if address is not None:
        os.environ.update(_FEW_RETRIES)
    else:
        os.environ.update(_PATIENT)
        # A secret, so that other users of this machine cannot connect.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))


@contextmanager
def connected(address: str | None, folder: Path | None = None) -> Iterator[Cores]:
    """Connect to Ray until the block ends, and yield its cores.

    Args:
        address: address of the cluster; None to start a Ray for this run.
        folder: the folder for the files of a Ray that is started; None for Ray's default.
    Raises:
        NotConnectedError: no connection could be made.
    """
    ray = importlib.import_module("ray")
    if not address:
        start_no_helpers()
    try:
        with _translated(f"--ray-address {address}" if address else "a local Ray"):
            ray.init(**_options(address, folder))
        cores = [node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"]]
        yield Cores(all=sum(cores), most=max(cores))
    finally:
        ray.shutdown()


def last_line(exc: BaseException) -> str:
    """Return the last line of an error's message, where Ray puts the cause, below a traceback."""
    return next((line.strip() for line in reversed(str(exc).splitlines()) if line.strip()), type(exc).__name__)


def _options(address: str | None, folder: Path | None) -> dict[str, object]:
    quiet = {"log_to_driver": _is_debugging(), "configure_logging": False}
    if address:
        return {"address": address, **quiet}
    cores = len(os.sched_getaffinity(0))
    return {
        "address": "local",  # never an existing one
        "num_cpus": cores,
        "include_dashboard": False,
        "object_store_memory": _STORE_BYTES_A_CORE * max(2, cores),
        "_temp_dir": None if folder is None else str(folder),
        **quiet,
    }


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as exc:
        log.debug("ray did not start", exc_info=True)
        raise NotConnectedError(f"{what}: expected a Ray cluster: {last_line(exc)}") from exc


def _is_debugging() -> bool:
    return logging.getLogger().level <= logging.DEBUG


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    return host in ("localhost", "::1") or host.startswith("127.")
