"""How TensorFlow computes in this process: quietly, on the CPU, and with one number of threads.

It is imported into the process of the user, who may use it as well: nothing of its state is changed but the number of
threads, which all of its sessions share.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from foreseen.adapters.predictor.cpu_kernels import cpu_kernels
from foreseen.adapters.predictor.own_code.installed_distributions import distribution_of, name_of
from foreseen.domain.errors import ModelUnavailableError
from foreseen.process.standard_error import standard_error_without

if TYPE_CHECKING:
    from tensorflow import Graph
    from tensorflow.compat.v1 import Session

_ENVIRONMENT: Final[Mapping[str, str]] = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
"""What TensorFlow reads once, when it is imported. By its notices on standard error, a command would no longer end in
one line; with the operators of oneDNN, sums are in another order on each kind of CPU."""

_NOTICES: Final = (b"WARNING: All log messages before absl::InitializeLog() is called", b"I0000 ")
"""How the lines begin that the first session of a process writes all the same."""

_IN_TURN: Final = Lock()
_STARTED: Final[list[int]] = []
"""The threads of the first session of this process, which are those of all."""


def started_tensorflow(load: Callable[[], ModuleType], threads: int, *, path: Path) -> ModuleType:
    """Import TensorFlow quietly unless this process has, and have it compute with so many threads.

    Args:
        load: imports it; raises ModelUnavailableError where it is not installed.
        threads: how many compute an operator.
        path: of the model, which errors name.
    Raises:
        ModelUnavailableError: it already computes with another number.
    """
    with _IN_TURN:
        if not _STARTED:
            with _environment():
                tensorflow = load()
                uses_onednn()  # TensorFlow reads the environment at the first call
                _start(tensorflow, threads, path)
            _STARTED.append(threads)
    if _STARTED[0] != threads:
        raise _other_threads(path, threads, f"{_STARTED[0]}, that of the first model in this process")
    return load()


def new_session(tensorflow: ModuleType, graph: "Graph", threads: int) -> "Session":
    """Return a session in which operators run one after the other, on the CPU.

    TensorFlow's switch for deterministic operators is left as it is: it concerns kernels on graphics cards, and makes
    random numbers of the whole process fail. Operators run in a thread of TensorFlow's own. In the thread that calls,
    numbers next to 0 would not be rounded to 0, as they are wherever else TensorFlow computes.
    """
    v1 = tensorflow.compat.v1
    config = v1.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=1,
        use_per_session_threads=True,
        device_count={"GPU": 0},
    )
    return v1.Session(graph=graph, config=config)


def tensorflow_distribution(tensorflow: ModuleType) -> tuple[str, ...]:
    """Return the name of the distribution that TensorFlow was installed from; none if it was built in place."""
    spec = tensorflow.__spec__
    info = None if spec is None else distribution_of(spec)
    return () if info is None else (name_of(info),)


def tensorflow_kernels() -> dict[str, bytes]:
    """Return what chooses TensorFlow's kernels, and so the last bits of sums, by name."""
    return {"CPU": cpu_kernels().encode(), "oneDNN of TensorFlow": b"on" if uses_onednn() else b"off"}


def uses_onednn() -> bool:
    """Return whether TensorFlow computes by the operators of oneDNN, which its first import in a process decides."""
    return cast("bool", import_module("tensorflow.python.util._pywrap_util_port").IsMklEnabled())


@contextmanager
def _environment() -> Iterator[None]:
    """Set what TensorFlow reads when it is imported, unless it is set; other libraries and processes do not see it."""
    added = {} if "tensorflow" in sys.modules else {k: v for k, v in _ENVIRONMENT.items() if k not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _start(tensorflow: ModuleType, threads: int, path: Path) -> None:
    """Open the first session; raise ModelUnavailableError if the process has computed with other threads before."""
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:  # it has computed already
        found = tensorflow.config.threading.get_intra_op_parallelism_threads() or "one for each core"
        raise _other_threads(path, threads, f"{found}, with which this process has computed before") from None
    with (
        standard_error_without(lambda line: line.startswith(_NOTICES)),
        tensorflow.Graph().as_default() as graph,
        new_session(tensorflow, graph, threads) as session,
    ):
        session.run(tensorflow.constant(0))


def _other_threads(path: Path, threads: int, found: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{path}: expected TensorFlow to compute with {threads} threads (model_threads), got {found}; "
        "try: model_isolation = process"
    )
