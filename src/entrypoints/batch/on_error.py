"""What becomes of a row on which the model fails; apart from what finds it, which a help text need not wait for."""

from enum import StrEnum


class OnError(StrEnum):
    """What becomes of a row on which the model fails."""

    REJECT = "reject"
    """It is rejected, and the run goes on."""
    STOP = "stop"
    """It ends the run."""
