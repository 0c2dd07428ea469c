"""The script that defined a model's classes when it was run; the model file refers to it as `__main__`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import is_interruption, message_text

NAME: Final = "__foreseen_main__"
"""The script's `__name__` when it is executed here, so that `if __name__ == "__main__":` does not train again."""


def run_script(code: Path, own: OwnModules, model: Path) -> ModuleType:
    """Execute a script as one of the own modules, whatever its file is called.

    Args:
        model: the model file, which the script must not change.
    Raises:
        ModelUnavailableError: it cannot be read or executed, another user may write to it, or it wrote the model file.
    """
    spec = spec_from_file_location(NAME, code.resolve())
    if spec is None or not code.is_file():
        raise ModelUnavailableError(f"{code}: expected a Python file (code), got {_kind_of_path(code)}")
    with _unchanged(model, code):
        return _executed(code, ModuleFile(NAME, spec), own)


def _executed(code: Path, file: ModuleFile, own: OwnModules) -> ModuleType:
    try:
        own.add(file)
    except OSError as exc:
        raise ModelUnavailableError(f"{code}: expected a readable Python file (code): {exc.strerror}") from exc
    try:
        return own.module(NAME)
    except ModelUnavailableError:
        raise
    except BaseException as exc:
        if is_interruption(exc):
            raise
        raise ModelUnavailableError(f"{code}: {_trouble(exc, code)}") from exc


def _trouble(exc: BaseException, code: Path) -> str:
    if isinstance(exc, SyntaxError):
        place = "" if exc.filename == str(code.resolve()) else f" of {exc.filename}"
        return f"expected a Python file (code), got {type(exc).__name__} in line {exc.lineno}{place}: {exc.msg}"
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return (
            f"expected every import of the script to succeed, got no module {exc.name!r}; install it, or put it beside "
            "the script or on PYTHONPATH"
        )
    got = f"got {type(exc).__name__}: {message_text(exc, is_first_line=True) or 'no message'}"
    if isinstance(exc, ImportError):
        return f"expected every import of the script to succeed, {got}"
    return f'expected a script that only trains under `if __name__ == "__main__":`, so that it can be imported, {got}'


@contextmanager
def _unchanged(model: Path, code: Path) -> Iterator[None]:
    """Reject a script that writes the model file, even if it fails afterwards: it has trained another model."""
    before = _state(model)
    try:
        yield
    except ModelUnavailableError:
        _require_state(model, before, code)
        raise
    _require_state(model, before, code)


def _require_state(model: Path, before: tuple[int, int, bytes] | None, code: Path) -> None:
    if _state(model) != before:
        raise ModelUnavailableError(
            f"{code}: expected a script that does not change the model file when it is imported, but it wrote "
            f'{model}; put what trains and saves under `if __name__ == "__main__":`, then run the script to save '
            "the model again"
        )


def _state(model: Path) -> tuple[int, int, bytes] | None:
    """Return a value that changes when a file is written, even with the same content; None if there is no file."""
    with suppress(OSError):
        if model.is_file():  # a named pipe would wait for a writer
            with model.open("rb") as file:
                now = os.fstat(file.fileno())
                return now.st_ino, now.st_mtime_ns, file_digest(file, "sha256").digest()
    return None


def _kind_of_path(code: Path) -> str:
    return "a directory" if code.is_dir() else "a file of another kind" if code.exists() else "no such file"
