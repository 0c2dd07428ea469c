"""How it is shown how far a run has come; apart from what shows it, which a help text need not wait for."""

from enum import StrEnum


class Progression(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    """A bar on a terminal, nothing in a pipe."""
    PLAIN = "plain"
    """A line every few seconds."""
    NONE = "none"
