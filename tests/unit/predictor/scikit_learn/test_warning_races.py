"""A warning that scikit-learn raises by chance beside other threads is not logged; all others are."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.utils.parallel import delayed

from foreseen.adapters.predictor.load_predictor import load_predictor


@pytest.fixture(autouse=True)
def loaded(iris_model: Path) -> Iterator[None]:
    """Load a model where warnings are logged."""
    log = logging.getLogger("py.warnings")
    before, log.filters[:] = log.filters[:], []
    logging.captureWarnings(capture=True)
    load_predictor(iris_model, rows_per_call=0)
    yield
    logging.captureWarnings(capture=False)
    log.filters[:] = before


def test_a_call_that_found_no_filters_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.resetwarnings()  # as another thread's call leaves them for a moment
        call, args, _ = delayed(abs)(-1)
        assert call(*args) == 1

    assert caplog.records == []


def test_other_warnings_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.warn("the trees are old", UserWarning, stacklevel=1)

    assert "the trees are old" in caplog.text
