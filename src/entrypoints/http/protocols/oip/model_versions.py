"""Versions of the served model, as the Open Inference Protocol names them in paths."""

from typing import Final

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.responses.problems import Rejection

ONLY_VERSION: Final = "1"
"""The version of a model without versions."""
_DIGITS: Final = 12


class ServedVersion:
    """The name of the served model, and the names of its version: 1, or the first digits of its fingerprint."""

    def __init__(self, info: ModelInfo, name: str) -> None:
        """Accept what is known about the model, and its name."""
        self.name = name
        self.fingerprint = info.fingerprint.hex()[:_DIGITS]

    def require(self, name: str, version: str | None = None) -> str:
        """Return the version that a request means, by the name it was given.

        Raises:
            Rejection: another model or another version is meant (404).
        """
        if name != self.name:
            raise unknown_model(f"'{name}'")
        if version is None:
            return ONLY_VERSION
        if version not in (ONLY_VERSION, self.fingerprint):
            raise unknown_model(f"'{name}' version '{version}'")
        return version


def unknown_model(said: str) -> Rejection:
    """Return the rejection of a request for another model (404), in the words that clients look for."""
    return Rejection(404, "http", "Not Found", f"Request for unknown model: {said} is not found")
