"""Unpickling: a model object out of a file, with every way it can fail worded in one line."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from traceback import walk_tb
from typing import Any

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import may_be_pickle, recognised
from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.unpickling.frugal_unpickler import load
from foreseen.adapters.predictor.unpickling.load_trouble import trouble
from foreseen.adapters.predictor.unpickling.not_a_model import no_model
from foreseen.adapters.predictor.unpickling.saved_version import installed_version, is_other_release, what_helps
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text, is_interruption

log = logging.getLogger(__name__)


def unpickle(file: ModelFile, builtins: dict[str, Any] | None = None) -> Any:
    """Load what joblib or pickle saved, classes of the user's own included.

    Args:
        builtins: those of functions that the file holds; None for those of every function.
    Raises:
        OtherFormatError: no pickle.
        ModelUnavailableError: cut short, of a class that cannot be imported, or without `predict`.
    """
    if found := _compressed_format(file):
        raise OtherFormatError(found)
    with _recorded_warnings() as caught:
        model = _loaded(file, builtins)
    _report(file, caught)
    if isinstance(model, type) or not callable(getattr(model, "predict", None)):
        raise ModelUnavailableError(f"{file.path}: {no_model(model)}")
    return model


@contextmanager
def _recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Record what is warned of meanwhile; nothing on a thread beside the main one.

    There a model is loaded while another answers, and the filters belong to the whole process: where both change them
    and change them back, they stay as neither found them. What is warned of goes to the log as Python shows it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Every file that was saved under numpy 1 names it by its old module, of which its owner can change nothing.
        warnings.filterwarnings("ignore", message=r"numpy\.core\.", category=DeprecationWarning)
        yield caught


def _compressed_format(file: ModelFile) -> FileFormat | None:
    """Return what a file holds, where that was compressed as joblib compresses and is known to be no pickle."""
    with suppress(Exception):  # what cannot be decompressed is worded where it is loaded
        if not may_be_pickle(decompressed(file.content).read(HEAD_BYTES)):
            return recognised(decompressed(file.content))
    return None


def _loaded(file: ModelFile, builtins: dict[str, Any] | None) -> Any:
    path = file.path
    try:
        return load(decompressed(file.content), builtins)
    except ModelUnavailableError:  # it was changed meanwhile, or another user may write to a module
        raise
    except Exception as exc:
        raise ModelUnavailableError(f"{path}: {trouble(exc, file)}") from exc
    except BaseException as exc:
        if is_interruption(exc):
            raise
        raise ModelUnavailableError(
            f"{path}: expected module {_raising_module(exc)!r}, which the model needs, to be imported to its end, got "
            f"{failure_text(exc)}; move what ends the program under if __name__ == '__main__'"
        ) from exc


def _raising_module(exc: BaseException) -> str:
    """Name the module that was being imported when this was raised, the innermost."""
    frames = [frame for frame, _ in walk_tb(exc.__traceback__) if frame.f_code.co_name == "<module>"]
    return str(frames[-1].f_globals.get("__name__", "")) if frames else ""


def _report(file: ModelFile, caught: list[warnings.WarningMessage]) -> None:
    """Log once what every estimator of a forest warned of."""
    others = dict.fromkeys(str(said.message).splitlines()[0] for said in caught if not _is_of_version(said))
    versions = {str(said.message.original_sklearn_version) for said in caught if _is_of_version(said)}  # type: ignore[union-attr]
    for version in sorted(versions):
        log.warning(
            "%s was saved by scikit-learn %s and runs under %s: it may answer otherwise%s",
            file.path,
            version,
            installed_version(),
            f", or fail; try: {what_helps(version)}" if is_other_release(version) else " where a bug was fixed",
        )
    for text in others:
        log.warning("%s: %s", file.path, text)


def _is_of_version(said: warnings.WarningMessage) -> bool:
    # Where nothing of the model has imported scikit-learn, it has not warned either.
    exceptions = sys.modules.get("sklearn.exceptions")
    return exceptions is not None and isinstance(said.message, exceptions.InconsistentVersionWarning)
