"""A session of onnxruntime that computes on the CPU, with a fixed number of threads."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from foreseen.domain.model.model_failure import message_text

if TYPE_CHECKING:
    import onnxruntime

_PROVIDERS: Final = ["CPUExecutionProvider"]
_SILENT: Final = 4
"""Severity of the log: what goes wrong is raised as well."""

_PREFIX: Final = re.compile(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : (/\S+:\d+ [^()]*\(.*?\) )?")
"""What comes before a message: its number, and the place in the code of onnxruntime that it comes from."""


def open_session(content: bytes, external: Mapping[str, bytes], *, threads: int) -> "onnxruntime.InferenceSession":
    """Return a session for a serialised model.

    Args:
        external: the files of its external data, by their locations.
        threads: that compute one operator; operators are computed one after the other.
    Raises:
        RuntimeError: the session computes with other threads or elsewhere.
        Exception: onnxruntime cannot load it.
    """
    import onnxruntime  # noqa: PLC0415 - of an extra

    onnxruntime.set_default_logger_severity(_SILENT)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if external:
        lengths = [len(data) for data in external.values()]
        options.add_external_initializers_from_files_in_memory(list(external), list(external.values()), lengths)
    # There is nothing to fall back to, and it would print what it tries.
    session = onnxruntime.InferenceSession(content, options, providers=_PROVIDERS, enable_fallback=0)
    used = session.get_session_options()
    found = used.intra_op_num_threads, used.inter_op_num_threads, session.get_providers()
    if found != (threads, 1, _PROVIDERS):  # the environment may tell onnxruntime to take options from the model
        raise RuntimeError(f"expected a session on the CPU with {threads} threads, got {found}")
    return session


def said_by_onnxruntime(exc: BaseException) -> str:
    """Return what onnxruntime says about a failure, in one line."""
    return message_text(ValueError(_PREFIX.sub("", str(exc)))) or type(exc).__name__
