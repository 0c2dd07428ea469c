"""Styles of progress; apart from their display, whose imports would delay a help text."""

from enum import StrEnum


class Progression(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    """A bar on a terminal, nothing in a pipe."""
    PLAIN = "plain"
    """A line every few seconds."""
    NONE = "none"
