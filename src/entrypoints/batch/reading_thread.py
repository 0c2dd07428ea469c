"""The thread that reads ahead, by its name; apart from what starts it, which a command may not need."""

import threading
from typing import Final

READING: Final = "reading"


def is_reading() -> bool:
    """Return whether it waits for its input still, as for a pipe that says nothing more."""
    return any(thread.name == READING for thread in threading.enumerate())
