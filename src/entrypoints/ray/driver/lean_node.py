"""A Ray without the helper processes that a run does not need, each of which takes half a second of a core to start.

These are a dashboard, for which Ray waits before it goes on; an autoscaler, though there are no machines to add; and a
reader of log files, though the driver shows none. Ray has no settings to leave them out, so this replaces private
functions of it. One that a later version has renamed is not replaced, and a test fails.
"""

import importlib
from typing import Final

_HELPERS: Final = ("start_monitor", "start_api_server", "start_log_monitor")


def start_no_helpers() -> list[str]:
    """Keep a Ray that this process starts from starting helpers; return the names of the functions replaced."""
    node: object = importlib.import_module("ray._private.node").Node
    found = [name for name in _HELPERS if hasattr(node, name)]
    for name in found:
        setattr(node, name, _start_nothing)
    return found


def _start_nothing(*_: object, **__: object) -> None:
    pass
