"""Unpickling: a model object out of an artefact's bytes, with every way it can fail worded in one line."""

import logging
import sys
import warnings
from pathlib import Path
from traceback import walk_tb
from typing import Any

from foreseen.adapters.predictor.loading.compression import decompressed
from foreseen.adapters.predictor.loading.frugal_unpickler import load
from foreseen.adapters.predictor.loading.model_file import ModelFile
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model_failure import failure_text, is_interruption

log = logging.getLogger(__name__)


def unpickle(artefact: ModelFile) -> Any:
    """Load what joblib or pickle saved, classes of the user's own included.

    Raises:
        ModelUnavailableError: no pickle, cut short, of a class that cannot be imported, or without `predict`.
    """
    _make_working_directory_importable()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = _loaded(artefact)
    _report(artefact, caught)
    if not callable(getattr(model, "predict", None)):
        raise ModelUnavailableError(
            f"{artefact.path}: expected a model, an object with a predict method, got {type(model).__qualname__}"
        )
    return model


def _make_working_directory_importable() -> None:
    # A console script starts with its own folder on the path, not the one the user stands in.
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)


def _loaded(artefact: ModelFile) -> Any:
    path = artefact.path
    try:
        return load(decompressed(artefact.content))
    except ModuleNotFoundError as exc:
        if not all(word.isidentifier() for word in str(exc.name).split(".")):  # text whose first letter is an opcode
            raise ModelUnavailableError(
                f"{path}: expected a model saved by joblib or pickle, got a file that is none"
            ) from exc
        raise ModelUnavailableError(
            f"{path}: expected module {exc.name!r}, which the model needs, in the working directory, on PYTHONPATH or "
            "installed, got no such module"
        ) from exc
    except (AttributeError, ImportError) as exc:
        raise ModelUnavailableError(
            f"{path}: expected every class of the model to be importable: {_advice(exc)}"
        ) from exc
    except SyntaxError as exc:
        raise ModelUnavailableError(
            f"{path}: expected the model's modules to be importable: SyntaxError: {exc}"
        ) from exc
    except Exception as exc:
        said = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise ModelUnavailableError(
            f"{path}: expected a model saved by joblib or pickle, got a file that is none "
            f"({type(exc).__name__}: {said})"
        ) from exc
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


def _advice(exc: Exception) -> str:
    said = str(exc).splitlines()[0]
    if "__main__" in said:
        return f"{said}; a class defined in a script has to move to a module of its own before its model is saved"
    return said


def _report(artefact: ModelFile, caught: list[warnings.WarningMessage]) -> None:
    """Say once what every estimator of a forest said for itself."""
    others = dict.fromkeys(str(said.message).splitlines()[0] for said in caught if not _is_of_version(said))
    versions = {said.message.original_sklearn_version for said in caught if _is_of_version(said)}  # type: ignore[union-attr]
    for version in sorted(versions):
        log.warning(
            "%s was saved by scikit-learn %s and runs under %s: it may answer otherwise, or fail; "
            "install scikit-learn==%s or train it anew",
            artefact.path,
            version,
            sys.modules["sklearn"].__version__,
            version,
        )
    for text in others:
        log.warning("%s: %s", artefact.path, text)


def _is_of_version(said: warnings.WarningMessage) -> bool:
    # Where nothing of the model has imported scikit-learn, it has not warned either.
    exceptions = sys.modules.get("sklearn.exceptions")
    return exceptions is not None and isinstance(said.message, exceptions.InconsistentVersionWarning)
