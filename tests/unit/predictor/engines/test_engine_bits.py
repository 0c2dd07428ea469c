"""An engine answers with the bits of the library, whatever the family, the output and the number of rows."""

import os
import subprocess
import sys

import numpy as np
import pytest
from lightgbm import Booster

from foreseen.adapters.predictor.boosters.native_classifier import by_objective
from foreseen.adapters.predictor.engines.known_families import build_engine
from foreseen.adapters.predictor.engines.threshold_rows import threshold_rows
from foreseen.adapters.predictor.engines.verification import verify
from foreseen.adapters.predictor.scikit_learn.outputs.answer_rows import returned_rows, row_bits
from support.time_limits import COMMAND_S
from support.tree_models import TREE_MODELS, tree_model

ROWS = 640


@pytest.mark.parametrize("name", TREE_MODELS)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_an_engine_has_the_bits_of_every_output(name: str) -> None:
    model = tree_model(name)
    engine = build_engine(model)
    verify(engine, model, engine.methods, 64)  # finds out whether the library accepts NaN
    rows = threshold_rows(engine, model.n_features_in_, ROWS)

    for method in engine.methods:
        with np.errstate(over="ignore", invalid="ignore"):
            expected = bits(method, getattr(model, method)(rows), ROWS)
        for size in (1, 8, 64):
            found = []
            for start in range(0, ROWS, size):
                answers = engine.answers(rows[start : start + size], [method])
                assert answers is not None
                found += bits(method, answers[method], size)
            assert found == expected, (method, size)


@pytest.mark.parametrize("name", [name for name in TREE_MODELS if name.startswith("lightgbm")])
@pytest.mark.parametrize("form", ["text", "object"])
def test_boosters_have_the_bits_of_their_library(name: str, form: str) -> None:
    booster = tree_model(name).booster_
    model = by_objective(booster if form == "object" else Booster(model_str=booster.model_to_string()), lambda: None)
    engine = build_engine(model)

    verify(engine, model, engine.methods, ROWS)

    assert set(engine.methods) == ({"predict", "predict_proba"} if hasattr(model, "classes_") else {"predict"})


@pytest.mark.timeout(4 * COMMAND_S)
@pytest.mark.parametrize("changed", ["OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES"])
def test_an_engine_has_these_bits_with_other_kernels(changed: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != changed}
    if changed.startswith("NPY_"):
        environment[changed] = " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"])
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "bits_of_every_output"]

    done = subprocess.run(line, env=environment, capture_output=True, timeout=3 * COMMAND_S, check=False, text=True)

    assert done.returncode == 0, done.stdout
    assert f"{len(TREE_MODELS)} passed" in done.stdout


@pytest.mark.parametrize("name", ["forest of texts", "gradient of two classes"])
def test_values_beyond_the_type_go_to_the_library(name: str) -> None:
    model = tree_model(name)
    engine = build_engine(model)

    assert engine.answers(np.full((1, model.n_features_in_), 1e300), ["predict"]) is None
    assert engine.answers(np.full((1, model.n_features_in_), np.nan), ["predict"]) is None


@pytest.mark.parametrize(("integer", "is_engines"), [(2**24, True), (2**24 + 1, False)])
def test_integers_that_lightgbm_may_round_go_to_it(integer: int, is_engines: bool) -> None:
    engine = build_engine(tree_model("lightgbm regressor"))

    answers = engine.answers(np.full((1, 10), integer, dtype=np.int64), ["predict"])

    assert (answers is not None) == is_engines


def test_rows_at_thresholds_reach_every_leaf() -> None:
    model = tree_model("forest of texts")
    engine = build_engine(model)
    leaves = sum(int((tree.left < 0).sum()) for tree in engine.trees)

    with np.errstate(invalid="ignore"):
        reached = model.apply(threshold_rows(engine, 4, 4 * leaves))

    assert sum(len(np.unique(column)) for column in reached.T) == leaves


def bits(method: str, answer: object, n: int) -> list[bytes]:
    """Return each row's answer as bits."""
    return row_bits(returned_rows(method, answer, n, has_class_values=method == "predict_proba"))
