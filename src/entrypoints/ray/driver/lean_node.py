"""A Ray of a run's own without what the run has no use for: processes that each take half a second of a core to start.

A dashboard without a viewer, which Ray waits for before it goes on; an autoscaler that has no machines to add; a reader
of log files for a driver that shows none. Ray has no settings for these, so this rides on names of its own, which may
change: what is not found is started as always, and a test says so.
"""

import importlib
from typing import Any, Final

_HELPERS: Final = ("start_monitor", "start_api_server", "start_log_monitor")


def start_no_helpers() -> list[str]:
    """Keep Ray, as this process starts it, from starting helpers; return the names of those that it will not start."""
    node: Any = importlib.import_module("ray._private.node").Node
    found = [name for name in _HELPERS if hasattr(node, name)]
    for name in found:
        setattr(node, name, _start_nothing)
    return found


def _start_nothing(*_: object, **__: object) -> None:
    """Start nothing."""
