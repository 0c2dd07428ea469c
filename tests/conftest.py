"""Fixtures that every test may use."""

import signal
from pathlib import Path

import pytest

from support.example_counts import use_profile
from support.models import IRIS_NAMES, iris_forest, save
from support.own_models import Flowers

use_profile()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it runs in the background ignore Ctrl-C, and so would whatever is started from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["support.loop_guard", "support.garbage_collection", "support.forked_starts"]


@pytest.fixture(scope="session")
def iris_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A forest on iris with named columns, saved."""
    return save(iris_forest(), tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="session")
def flower_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of these flowers without scikit-learn, which takes two thirds of a start; a sidecar has the names."""
    folder = tmp_path_factory.mktemp("flowers")
    (folder / "model.toml").write_text("".join(f'[[features]]\nname = "{name}"\n' for name in IRIS_NAMES))
    return save(Flowers(), folder)
