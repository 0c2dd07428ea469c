"""Import trouble: which module or name of the model's code is missing, in one line, and how to provide it."""

import importlib.util
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.own_code import main_script
from foreseen.adapters.predictor.own_code.installed_distributions import is_own
from foreseen.adapters.predictor.unpickling.missing_distributions import distribution_of, installed
from foreseen.domain.model.model_failure import message_text

_OF_THE_SCRIPT: Final = re.compile(
    rf"attribute '([^']+)' on <module '{main_script.NAME}'|module '{main_script.NAME}' has no attribute '([^']+)'"
)
"""Python's messages about a name that is missing in the script; which one depends on the pickle's protocol."""


def import_trouble(exc: ImportError, path: Path) -> str:
    """Return what own code could not import, from the exception that this raised.

    Args:
        path: what messages call the model.
    """
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return missing_module(exc.name, path)
    return f"expected every import of the model's code to succeed, got {said_by(exc)}"


def missing_module(name: str, path: Path) -> str:
    """Return the message about a module that was not found.

    Args:
        path: the model file.
    """
    if name == main_script.NAME:
        return (
            "expected the script that defines the model's classes, which was named by --code when this model was "
            "saved, got none; try: --code FILE.py"
        )
    top = name.partition(".")[0]
    if name != top and (found := _installed(top)):
        return (
            f"expected module {name!r}, which the model needs, got {found}, which has no such module; try: install the "
            f"version of {found.split()[0]} that the model was saved under"
        )
    if name != top and (package := _own_package(name)):
        return (
            f"expected module {name!r}, which the model needs, in {package}, got no such module there; if it was moved "
            "or renamed, let a module of the old name import what is in the new one, or save the model again"
        )
    if beside := _beside(path, top):
        return (
            f"expected module {name!r}, which the model needs, in the working directory, on PYTHONPATH or installed, "
            f"got no such module there; there is {beside} beside the model: add {beside.parent} to PYTHONPATH"
        )
    if distribution := distribution_of(name):
        return f"expected module {name!r}, which the model needs, got none; try: pip install {distribution}"
    return (
        f"expected module {name!r}, which the model needs, in the working directory, on PYTHONPATH or installed, "
        "got no such module"
    )


def _beside(path: Path, top: str) -> Path | None:
    """Return the module or package of this name in the folder of the model file; None if there is none."""
    package, module = path.parent / top, path.parent / f"{top}.py"
    return module if module.is_file() else package if package.is_dir() else None


def _own_package(name: str) -> str:
    """Return the innermost package or module of the user's own around a module's name that is found; empty if none."""
    around = name.rpartition(".")[0]
    while around:
        with suppress(ImportError, ValueError, AttributeError):
            if (spec := importlib.util.find_spec(around)) is not None:
                return str(spec.origin or around) if is_own(spec) else ""
        around = around.rpartition(".")[0]
    return ""


def _passed_over(module: str) -> str:
    """Return the file in the working directory that has the name of a library's module; empty if there is none."""
    file = Path(module.replace(".", "/") + ".py")
    imported = getattr(sys.modules.get(module), "__file__", None)
    return str(file) if imported and file.is_file() and not file.samefile(imported) else ""


def _installed(top: str) -> str:
    with suppress(ImportError, ValueError):
        return installed(top) if importlib.util.find_spec(top) else ""
    return ""


def said_by(exc: BaseException) -> str:
    """Return the message of an exception, without the paths of modules in it."""
    said = message_text(exc, is_first_line=True) or type(exc).__name__
    return re.sub(r"(<module '[\w.]+') from '[^']*'>", r"\1>", said).rstrip(":")


def not_importable(exc: Exception) -> str:
    """Return the message about a name that a module lacks, to which the model file refers."""
    said = said_by(exc)
    if lacking := _OF_THE_SCRIPT.search(said):
        code = getattr(sys.modules.get("__main__"), "__file__", "the script")
        return (
            f"expected the script that defines the model's classes, but {code} defines no {lacking[1] or lacking[2]}, "
            "which the model needs; try: --code FILE.py with the script that saved the model"
        )
    if "__main__" in said:
        return (
            f"expected every class of the model to be importable: {said}; it was defined in the script that saved the "
            "model: name that script by --code FILE.py, or move the class to a module, import it from there and save "
            "the model again"
        )
    module = re.search(r"(?:module|from) '([\w.]+)'", said)
    if module and (file := _passed_over(module[1])):
        return (
            f"expected every class of the model to be importable: {said}; {file} in the working directory is another "
            "module, since libraries are found first: rename it, and save the model from it again"
        )
    found = _installed(module[1].partition(".")[0]) if module else ""
    if found:
        return (
            f"expected every class of the model to be importable: {said}; the model was saved under another version of "
            f"{found.split()[0]} than {found.split()[1]}"
        )
    return (
        f"expected every class of the model to be importable: {said}; if it was moved or renamed, let that module have "
        "it under the old name as well, or save the model again"
    )
