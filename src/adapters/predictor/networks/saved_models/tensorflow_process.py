"""How TensorFlow computes in this process: quietly, on the CPU, and by kernels that do not depend on the build."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from types import ModuleType
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.cpu_kernels import cpu_kernels

if TYPE_CHECKING:
    from tensorflow import Graph
    from tensorflow.compat.v1 import Session

_ONEDNN: Final = "TF_ENABLE_ONEDNN_OPTS"
_ENVIRONMENT: Final[Mapping[str, str]] = {"TF_CPP_MIN_LOG_LEVEL": "3", _ONEDNN: "0", "CUDA_VISIBLE_DEVICES": "-1"}
"""What TensorFlow reads when it is imported. By its notices on standard error, a command would no longer end in one
line; with the operators of oneDNN, sums are in another order on each kind of CPU."""

_DISTRIBUTIONS: Final = ("tensorflow-cpu", "tensorflow", "tensorflow-intel", "tensorflow-aarch64")


def have_quiet_tensorflow() -> None:
    """Have TensorFlow, before it is imported, write no notices and compute on the CPU; the environment comes first."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def prepare_tensorflow(tensorflow: ModuleType, threads: int) -> None:
    """Have operators compute alike each time, or fail where they cannot; and be done with the notices of a session.

    Args:
        threads: how many compute an operator; those of the first session of a process.
    """
    tensorflow.config.experimental.enable_op_determinism()
    with tensorflow.Graph().as_default() as graph, _without_standard_error():
        new_session(tensorflow, graph, threads).run(tensorflow.constant(0))


def new_session(tensorflow: ModuleType, graph: "Graph", threads: int) -> "Session":
    """Return a session in which operators run one after the other, on the CPU.

    They run in a thread of TensorFlow's own. In the thread that calls, numbers next to 0 would not be rounded to 0, as
    they are wherever else TensorFlow computes.
    """
    v1 = tensorflow.compat.v1
    config = v1.ConfigProto(
        intra_op_parallelism_threads=threads,
        inter_op_parallelism_threads=1,
        use_per_session_threads=True,
        device_count={"GPU": 0},
    )
    return v1.Session(graph=graph, config=config)


@contextmanager
def _without_standard_error() -> Iterator[None]:
    """Discard what a library writes to standard error by itself: the first session of a process writes a notice."""
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nothing)
        os.close(kept)


def tensorflow_distribution() -> str:
    """Return the name of the distribution that TensorFlow was installed from."""
    installed = {each.metadata["Name"].lower().replace("_", "-") for each in metadata.distributions()}
    return next((name for name in _DISTRIBUTIONS if name in installed), _DISTRIBUTIONS[1])


def tensorflow_kernels() -> dict[str, bytes]:
    """Return what chooses TensorFlow's kernels, and so the last bits of sums, by name."""
    return {"CPU": cpu_kernels().encode(), _ONEDNN: os.environ.get(_ONEDNN, "").encode()}
