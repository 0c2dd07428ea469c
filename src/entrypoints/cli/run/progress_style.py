"""Styles of progress; in a module without the display, whose imports would delay help texts."""

from enum import StrEnum


class Progression(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    """A bar on a terminal, nothing in a pipe."""
    PLAIN = "plain"
    """A line every few seconds."""
    NONE = "none"
