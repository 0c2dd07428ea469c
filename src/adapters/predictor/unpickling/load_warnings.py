"""What libraries warn of while they load a model, in the log."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.unpickling.saved_version import installed_version, is_other_release, what_helps

log = logging.getLogger(__name__)


@contextmanager
def reported_warnings(path: Path) -> Iterator[None]:
    """Log each warning of the block once, after it, unless the block raises."""
    with _recorded() as caught:
        yield
    _report(path, caught)


@contextmanager
def deprecations_ignored() -> Iterator[None]:
    """Ignore DeprecationWarning within the block, on the main thread alone, as warnings are recorded there alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@contextmanager
def _recorded() -> Iterator[list[warnings.WarningMessage]]:
    """Record warnings within the block, on the main thread alone.

    On another thread a model is loaded while another answers, and warning filters belong to the process: if both
    changed and restored them, neither's would be restored. There, Python itself logs the warnings.
    """
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Every file that was saved under numpy 1 refers to its old module, which its owner cannot change.
        warnings.filterwarnings("ignore", message=r"numpy\.core\.", category=DeprecationWarning)
        yield caught


def _report(path: Path, caught: list[warnings.WarningMessage]) -> None:
    """Log each warning once, though every estimator of a forest emitted it."""
    others = dict.fromkeys(str(said.message).splitlines()[0] for said in caught if not _is_of_version(said))
    versions = {str(said.message.original_sklearn_version) for said in caught if _is_of_version(said)}  # type: ignore[union-attr]
    for version in sorted(versions):
        log.warning(
            "%s was saved by scikit-learn %s and runs under %s: it may answer differently%s",
            path,
            version,
            installed_version(),
            f", or fail; try: {what_helps(version)}" if is_other_release(version) else " where a bug was fixed",
        )
    for text in others:
        log.warning("%s: %s", path, text)


def _is_of_version(said: warnings.WarningMessage) -> bool:
    # If the model has not imported scikit-learn, that has not warned either.
    exceptions = sys.modules.get("sklearn.exceptions")
    return exceptions is not None and isinstance(said.message, exceptions.InconsistentVersionWarning)
