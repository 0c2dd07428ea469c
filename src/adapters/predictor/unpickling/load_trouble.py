"""Load trouble: why a file did not load, in one line, and what helps."""

import lzma
import pickle
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import recognised_head
from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.unpickling.import_trouble import missing_module, not_importable, said_by
from foreseen.adapters.predictor.unpickling.missing_distributions import installed
from foreseen.adapters.predictor.unpickling.saved_version import (
    installed_version,
    is_other_release,
    saved_version,
    what_helps,
)
from foreseen.domain.model.model_failure import failure_text

_BLOCK_BYTES: Final = 2**20
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
        return missing_module(str(missing.name), file.path)
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
        f"{version} ({said_by(exc)}); try: {what_helps(version)}"
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
        return missing_module(exc.name, path)
    if isinstance(exc, AttributeError | ImportError):
        return not_importable(exc)
    if isinstance(exc, SyntaxError):
        return f"expected the model's modules to be importable, got {failure_text(exc)}"
    if isinstance(exc, UnicodeDecodeError) and exc.encoding == "ascii":  # Python 3 pickles nothing as ASCII
        return "expected a model that was saved under Python 3, got one of Python 2; try: train it again"
    if isinstance(exc, _NO_PICKLE):
        return (
            f"expected a model that can be loaded, got one that seems damaged, {failure_text(exc)}; try: copy it again"
        )
    return f"expected a model that can be loaded, got {failure_text(exc)}"
