"""Outgrown: a model that loads, and lacks what the installed scikit-learn expects of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.unpickling.load_trouble import version_trouble
from foreseen.adapters.predictor.unpickling.saved_version import is_other_release, saved_version
from foreseen.domain.errors import ModelUnavailableError, PredictionError


@contextmanager
def outgrown_refused(path: Path) -> Iterator[None]:
    """Refuse a model for what it fails with meanwhile, if that comes from the version that it was saved by.

    An estimator of another version has the attributes of that version: what was added since is missing, in every call.

    Raises:
        ModelUnavailableError: it does.
    """
    try:
        yield
    except (AttributeError, PredictionError) as exc:
        cause = exc if isinstance(exc, AttributeError) else exc.__cause__
        if isinstance(cause, AttributeError) and _is_of_scikit_learn(cause.obj):
            _refuse_if_other(path, cause)
        raise


def _is_of_scikit_learn(owner: object) -> bool:
    return type(owner).__module__.startswith("sklearn.")


def _refuse_if_other(path: Path, failure: AttributeError) -> None:
    with path.open("rb") as content:
        version = saved_version(content)
    if version is not None and is_other_release(version):
        raise ModelUnavailableError(version_trouble(version, failure)) from failure
