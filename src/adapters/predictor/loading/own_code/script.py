"""Script: the file that defined a model's classes when it was run, which the model file knows as `__main__`."""

from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.loading.own_code.module_file import ModuleFile
from foreseen.adapters.predictor.loading.own_code.own_modules import OwnModules
from foreseen.domain.errors import ModelUnavailableError

NAME: Final = "__foreseen_main__"
"""What the script is called when it is executed here, so that `if __name__ == "__main__":` does not train again."""


def run_script(code: Path, own: OwnModules) -> ModuleType:
    """Execute a script as one of the own modules, whatever its file is called.

    Raises:
        ModelUnavailableError: it cannot be read or executed, or another user may write to it.
    """
    spec = spec_from_file_location(NAME, code.resolve())
    if spec is None or not code.is_file():
        raise ModelUnavailableError(f"{code}: expected a Python file (code), got {_instead(code)}")
    try:
        own.add(ModuleFile(NAME, spec))
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


def _instead(code: Path) -> str:
    return "a directory" if code.is_dir() else "a file of another kind" if code.exists() else "no such file"
