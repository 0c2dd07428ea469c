"""Executes what a model is in: a Python file as it was digested, or a module by its name."""

from importlib import import_module
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.own_code import main_script
from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.python_objects.made_model import failures_of_code, require_definition
from foreseen.adapters.predictor.unpickling.load_warnings import reported_warnings
from foreseen.domain.errors import ModelUnavailableError

NAME: Final = "__foreseen_model__"
"""The `__name__` of a model's file while it is executed, whatever it is called: a renamed file is the same model."""

_TO_ITS_END: Final = 'to run to its end when it is imported (what trains belongs under if __name__ == "__main__":)'


def executed_file(file: ModelFile, own: OwnModules, name: str | None) -> ModuleType:
    """Execute a Python file as one of the own modules, and return it.

    A file that cannot define its model is not executed: it may be a script that trains, named by mistake.

    Args:
        name: of the model in it; None for what `load` returns.
    Raises:
        ModelUnavailableError: it cannot define that, or it fails.
    """
    with failures_of_code(file.path, f"the file {_TO_ITS_END}"), reported_warnings(file.path):
        spec = spec_from_file_location(NAME, file.path.resolve())
        if spec is None:
            raise ImportError(f"no loader for {file.path}")
        # Its bytes are those that were digested, and it may be pinned instead of private.
        source = file.content.read()
        require_definition(file.path, source, name)
        own.add(ModuleFile(NAME, spec, content=source))
        return own.module(NAME)


def imported_module(path: Path, name: str) -> ModuleType:
    """Import a module within an isolated load, and return it.

    Args:
        path: what messages call the model.
        name: of the module.
    Raises:
        ModelUnavailableError: there is no such module, or it fails.
    """
    if name in ("__main__", main_script.NAME, NAME):
        raise ModelUnavailableError(
            f"{path}: expected a module that can be imported again, got the program that runs; try: name its file, "
            "FILE.py:NAME"
        )
    try:
        with failures_of_code(path, f"module {name} {_TO_ITS_END}"), reported_warnings(path):
            return import_module(name)
    except ModelUnavailableError as exc:
        missing = exc.__cause__
        if isinstance(missing, ModuleNotFoundError) and f"{name}.".startswith(f"{missing.name}."):
            raise ModelUnavailableError(_not_found(path, name, str(missing.name))) from exc
        raise


def _not_found(path: Path, name: str, missing: str) -> str:
    part = "" if missing == name else f" ({missing!r} is missing)"
    file = f"{name.replace('.', '/')}.py"
    return (
        f"{path}: expected a file of this name, or module {name!r} in the working directory, on PYTHONPATH, beside the "
        f"script of --code or installed, got neither{part}; try: PYTHONPATH=FOLDER, or name its file, "
        f"FOLDER/{file}:{str(path).rpartition(':')[2]}"
    )
