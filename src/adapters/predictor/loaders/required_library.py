"""Libraries that only one format needs: what to install where they are missing."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from foreseen.domain.errors import ModelUnavailableError


def required_library(module: str, *, path: Path, reads: str, extra: str) -> ModuleType:
    """Import and return the library that reads a format.

    Args:
        path: the model file.
        reads: what the file is, as it follows "reads": "models that skops saved".
        extra: the extra of this project that installs the library.
    Raises:
        ModelUnavailableError: it is not installed, or cannot be imported.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise ModelUnavailableError(
            f"{path}: expected {module.partition('.')[0]}, which reads {reads}; try: pip install 'foreseen[{extra}]'"
        ) from None
