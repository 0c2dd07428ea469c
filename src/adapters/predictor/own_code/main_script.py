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
        return own.module(NAME)
    except OSError as exc:
        raise ModelUnavailableError(f"{code}: expected a readable Python file (code): {exc.strerror}") from exc
    except ModelUnavailableError:
        raise
    except (Exception, SystemExit) as exc:
        said = str(exc).splitlines()[0] if str(exc) else "no message"
        raise ModelUnavailableError(
            f'{code}: expected a script that only trains under `if __name__ == "__main__":`, so that it can be '
            f"imported, got {type(exc).__name__}: {said}"
        ) from exc


@contextmanager
def _unchanged(model: Path, code: Path) -> Iterator[None]:
    """Reject a script that writes the model file, even if it fails afterwards: it has trained another model."""
    before = _state(model)
    try:
        yield
    finally:
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
