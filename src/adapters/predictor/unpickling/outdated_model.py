"""Outdated: a model that loads, but lacks what the installed scikit-learn expects of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.unpickling.load_trouble import version_trouble
from foreseen.adapters.predictor.unpickling.saved_version import is_other_release, saved_version
from foreseen.domain.errors import ModelUnavailableError, PredictionError


@contextmanager
def outdated_rejected(path: Path) -> Iterator[None]:
    """Reject a model that fails within the block because another version of scikit-learn saved it.

    An estimator of another version has the attributes of that version: every call lacks those that were added since.

    Raises:
        ModelUnavailableError: it fails for that reason.
    """
    try:
        yield
    except (AttributeError, PredictionError) as exc:
        cause = exc if isinstance(exc, AttributeError) else exc.__cause__
        if isinstance(cause, AttributeError) and _is_of_scikit_learn(cause.obj):
            _reject_if_other(path, cause)
        raise


def _is_of_scikit_learn(owner: object) -> bool:
    return type(owner).__module__.startswith("sklearn.")


def _reject_if_other(path: Path, failure: AttributeError) -> None:
    version = _saved_version(path)
    if version is not None and is_other_release(version):
        raise ModelUnavailableError(version_trouble(version, failure)) from failure


def _saved_version(path: Path) -> str | None:
    """Return the version that a model's file records; None if there is no such file, since a module makes the model."""
    try:
        with path.open("rb") as content:
            return saved_version(content)
    except OSError:
        return None
