"""What happens to a row on which the model fails; in its own module, so that help texts import nothing slow."""

from enum import StrEnum


class OnError(StrEnum):
    """What happens to a row on which the model fails."""

    REJECT = "reject"
    """It is rejected, and the run continues."""
    STOP = "stop"
    """It ends the run."""
