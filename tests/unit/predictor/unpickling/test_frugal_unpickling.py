"""A forest is loaded without being held twice, and answers as it would from joblib itself."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import joblib
import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestClassifier

from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.adapters.predictor.unpickling.frugal_unpickler import load

RNG = np.random.default_rng(0)
ROWS, TARGET = RNG.random((2000, 4)), RNG.random(2000)


@pytest.mark.parametrize("compress", [0, 3])
def test_a_forest_is_in_memory_once_while_it_is_loaded(compress: int, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(ExtraTreesRegressor(60, random_state=0).fit(ROWS, TARGET), path, compress=compress)

    assert _peak_of(load, path) < _peak_of(joblib.load, path) / 2


def _peak_of(loading: Callable[[BinaryIO], Any], path: Path) -> int:
    """Return the most bytes that Python and numpy hold meanwhile: what a tree copies is not among them."""
    with path.open("rb") as file:
        content = decompressed(file)
        tracemalloc.start()
        try:
            loading(content)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "model",
    [RandomForestClassifier(5, random_state=0), GradientBoostingRegressor(n_estimators=5), ExtraTreesRegressor(5)],
    ids=lambda model: type(model).__name__,
)
def test_a_loaded_model_has_the_bits_of_joblibs(model: Any, tmp_path: Path) -> None:
    model.fit(ROWS, (TARGET * 3).astype(int))
    path = tmp_path / "model.joblib"
    joblib.dump([model, {"again": model}], path)

    with path.open("rb") as file:
        held: Any = load(file)
    loaded, beside = held

    assert beside["again"] is loaded
    assert loaded.predict(ROWS).tobytes() == joblib.load(path)[0].predict(ROWS).tobytes()
