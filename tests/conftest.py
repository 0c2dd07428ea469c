"""Fixtures that every test may ask for."""

from pathlib import Path

import pytest

from support.effort import use_profile
from support.models import iris_forest, save

use_profile()

pytest_plugins = ["support.loop_guard"]


@pytest.fixture(scope="session")
def iris_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forest on iris with named columns, saved."""
    return save(iris_forest(), tmp_path_factory.mktemp("iris"))
