"""Services that the tests of one file may share, since requests leave nothing behind that matters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.settings import Settings
from support.in_process_service import Service, service, wired_from


@pytest.fixture(scope="module")
def iris(iris_model: Path) -> Iterator[Service]:
    """A real forest with four named numbers, behind an lru."""
    with service(wired_from(Settings(model=iris_model, model_isolation="thread"))) as client:
        yield client
