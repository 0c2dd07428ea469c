"""Load trouble: why a file did not load, in one line, and what helps."""

import importlib.util
import lzma
import pickle
import re
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import recognised_head
from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.own_code import main_script
from foreseen.adapters.predictor.unpickling.missing_distributions import distribution_of, installed
from foreseen.adapters.predictor.unpickling.saved_version import (
    installed_version,
    is_other_release,
    saved_version,
    what_helps,
)
from foreseen.domain.model.model_failure import failure_text, message_text

_BLOCK_BYTES: Final = 2**20
_OF_THE_SCRIPT: Final = re.compile(
    rf"attribute '([^']+)' on <module '{main_script.NAME}'|module '{main_script.NAME}' has no attribute '([^']+)'"
)
"""Python's messages about a name that is missing in the script; which one depends on the pickle's protocol."""

_NO_PICKLE: Final = (KeyError, IndexError, EOFError, UnicodeDecodeError, pickle.UnpicklingError)
"""Errors of unpickling a file that is not a pickle: an unknown opcode, an empty stack, no end, not text."""


def trouble(exc: Exception, file: ModelFile) -> str:
    """Return what was expected of a file and what it is, from the exception that unpickling it raised.

    Raises:
        OtherFormatError: it is not a pickle.
    """
    try:
        head, last = _ends(decompressed(file.content))
    except ModuleNotFoundError as missing:  # the library of its compression
        return _missing(str(missing.name), file.path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as damaged:
        return f"expected a whole file, got one that is damaged or cut off, {failure_text(damaged)}; try: copy it again"
    is_whole = last == b"."  # the end of every pickle
    # Before protocol 2, a pickle may begin like any text.
    is_pickle = _begins_as_pickle(head) or (is_whole and not isinstance(exc, _NO_PICKLE))
    if not is_pickle:
        raise OtherFormatError(recognised_head(head))
    if not is_whole and not isinstance(exc, AttributeError | ImportError):
        return "expected a whole file, got one that is cut off; try: copy it again"
    if _is_of_numpy(exc):
        return (
            f"expected a model that {installed('numpy')} can load, got one that was saved under another numpy; "
            "try: pip install --upgrade numpy"
        )
    version = saved_version(file.content)
    if version and is_other_release(version) and not _is_of_others(exc):
        return version_trouble(version, exc)
    return _worded(exc, file.path)


def version_trouble(version: str, exc: BaseException) -> str:
    """Return the message about a model that the installed scikit-learn cannot load or run, since another version saved
    it."""
    return (
        f"expected a model that scikit-learn {installed_version()} can load, got one that was saved by scikit-learn "
        f"{version} ({_said(exc)}); try: {what_helps(version)}"
    )


def _ends(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Return the first bytes of the rest of a stream, and the last one."""
    head = last = stream.read(HEAD_BYTES)
    while block := stream.read(_BLOCK_BYTES):
        last = block
    return head, last[-1:]


def _begins_as_pickle(head: bytes) -> bool:
    return head[:1] == b"\x80" and b"\x02" <= head[1:2] <= b"\x09"


def _is_of_numpy(exc: Exception) -> bool:
    """Return whether numpy 1 failed on what numpy 2 saved, or the reverse."""
    is_module = isinstance(exc, ModuleNotFoundError) and str(exc.name).startswith(("numpy._core", "numpy.core"))
    return is_module or "is not a known BitGenerator module" in str(exc)


def _is_of_others(exc: Exception) -> bool:
    """Return whether a module is missing that has nothing to do with scikit-learn."""
    if not isinstance(exc, ModuleNotFoundError) or exc.name is None:
        return False
    # Files of scikit-learn 1.5 to 1.8 name its compiled modules by their last part: `_loss`.
    return not exc.name.startswith(("sklearn.", "_"))


def _worded(exc: Exception, path: Path) -> str:
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        return _missing(exc.name, path)
    if isinstance(exc, AttributeError | ImportError):
        return _not_importable(exc)
    if isinstance(exc, SyntaxError):
        return f"expected the model's modules to be importable, got {failure_text(exc)}"
    if isinstance(exc, UnicodeDecodeError) and exc.encoding == "ascii":  # Python 3 pickles nothing as ASCII
        return "expected a model that was saved under Python 3, got one of Python 2; try: train it again"
    if isinstance(exc, _NO_PICKLE):
        return (
            f"expected a model that can be loaded, got one that seems damaged, {failure_text(exc)}; try: copy it again"
        )
    return f"expected a model that can be loaded, got {failure_text(exc)}"


def _missing(name: str, path: Path) -> str:
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


def _passed_over(module: str) -> str:
    """Return the file in the working directory that has the name of a library's module; empty if there is none."""
    file = Path(module.replace(".", "/") + ".py")
    imported = getattr(sys.modules.get(module), "__file__", None)
    return str(file) if imported and file.is_file() and not file.samefile(imported) else ""


def _installed(top: str) -> str:
    with suppress(ImportError, ValueError):
        return installed(top) if importlib.util.find_spec(top) else ""
    return ""


def _said(exc: BaseException) -> str:
    """Return the message of an exception, without the paths of modules in it."""
    said = message_text(exc, is_first_line=True) or type(exc).__name__
    return re.sub(r"(<module '[\w.]+') from '[^']*'>", r"\1>", said).rstrip(":")


def _not_importable(exc: Exception) -> str:
    said = _said(exc)
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
    return f"expected every class of the model to be importable: {said}"
