"""Models of trees, small and fitted in a moment, by what an engine may stumble over."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

IRIS, SPECIES = load_iris(return_X_y=True)
WORDS = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
GAPS = IRIS.copy()
GAPS[::5, ::2] = np.nan
MANY = (DIABETES[:, 2] * 100).round().astype(int) % 9
"""Nine classes: the links of boosting round a single row otherwise from eight on."""

SEED: Final[dict[str, Any]] = {"random_state": 0}
FEW: Final[dict[str, Any]] = {"n_estimators": 8, **SEED}
BRIEF: Final[dict[str, Any]] = {"max_iter": 6, **SEED}
QUIET: Final[dict[str, Any]] = {**FEW, "verbose": -1, "n_jobs": 1}

TREE_MODELS: Final[dict[str, Callable[[], Any]]] = {
    "forest of texts": lambda: RandomForestClassifier(**FEW).fit(IRIS, WORDS),
    "forest with gaps": lambda: RandomForestClassifier(**FEW).fit(GAPS, SPECIES),
    "forest of several outputs": lambda: RandomForestClassifier(**FEW).fit(
        IRIS, np.column_stack([SPECIES, IRIS[:, 0] > 6, np.digitize(IRIS[:, 1], [2.5, 3, 3.5])])
    ),
    "forest with class weights": lambda: RandomForestClassifier(class_weight="balanced", **FEW).fit(IRIS, SPECIES),
    "forest of shared leaves": lambda: RandomForestClassifier(max_depth=2, **FEW).fit(IRIS, SPECIES),
    "monotonic forest": lambda: RandomForestClassifier(monotonic_cst=[1, 0, 0, -1], **FEW).fit(IRIS, SPECIES == 2),
    "forest grown on": lambda: (
        RandomForestClassifier(warm_start=True, **FEW).fit(IRIS, SPECIES).set_params(n_estimators=20)
    ),
    "extra trees": lambda: ExtraTreesClassifier(**FEW).fit(IRIS, SPECIES),
    "forest regressor": lambda: RandomForestRegressor(max_depth=6, **FEW).fit(DIABETES, PROGRESS),
    "extra trees of two outputs": lambda: ExtraTreesRegressor(**FEW).fit(
        DIABETES, np.column_stack([PROGRESS, DIABETES[:, 0]])
    ),
    "histograms of two classes": lambda: HistGradientBoostingClassifier(**BRIEF).fit(GAPS, WORDS == "virginica"),
    "histograms of nine classes": lambda: HistGradientBoostingClassifier(**BRIEF).fit(DIABETES, MANY),
    "monotonic histograms": lambda: HistGradientBoostingRegressor(monotonic_cst=[0, 0, 1] + [0] * 7, **BRIEF).fit(
        DIABETES, PROGRESS
    ),
    "histograms of a logarithm": lambda: HistGradientBoostingRegressor(loss="poisson", **BRIEF).fit(DIABETES, PROGRESS),
    "gradient of two classes": lambda: GradientBoostingClassifier(**FEW).fit(IRIS, WORDS == "virginica"),
    "gradient of nine classes": lambda: GradientBoostingClassifier(subsample=0.5, **FEW).fit(DIABETES, MANY),
    "gradient that stopped": lambda: GradientBoostingRegressor(
        n_estimators=60, n_iter_no_change=2, tol=0.5, **SEED
    ).fit(DIABETES, PROGRESS),
    "gradient of zero": lambda: GradientBoostingRegressor(init="zero", loss="quantile", **FEW).fit(DIABETES, PROGRESS),
    "gradient of the most frequent": lambda: GradientBoostingClassifier(
        init=DummyClassifier(strategy="most_frequent"), **FEW
    ).fit(IRIS, WORDS),
    "gradient of equal chances": lambda: GradientBoostingClassifier(
        init=DummyClassifier(strategy="uniform"), **FEW
    ).fit(IRIS, WORDS == "virginica"),
    "gradient of a median": lambda: GradientBoostingRegressor(init=DummyRegressor(strategy="median"), **FEW).fit(
        DIABETES, PROGRESS
    ),
    "lightgbm of two classes": lambda: LGBMClassifier(**QUIET).fit(GAPS, WORDS == "virginica"),
    "lightgbm of three classes": lambda: LGBMClassifier(**QUIET).fit(IRIS, WORDS),
    "lightgbm of centred values": lambda: LGBMRegressor(**QUIET).fit(IRIS - IRIS[60], SPECIES),
    "lightgbm one against the rest": lambda: LGBMClassifier(objective="multiclassova", **QUIET).fit(IRIS, WORDS),
    "lightgbm of a steep curve": lambda: LGBMClassifier(sigmoid=1.3, learning_rate=300.0, **QUIET).fit(
        GAPS, WORDS == "virginica"
    ),
    "lightgbm one against the rest, flat": lambda: LGBMClassifier(objective="multiclassova", sigmoid=0.1, **QUIET).fit(
        IRIS, WORDS
    ),
    "lightgbm regressor": lambda: LGBMRegressor(**QUIET).fit(DIABETES, PROGRESS),
    "lightgbm of a logarithm": lambda: LGBMRegressor(objective="poisson", **QUIET).fit(DIABETES, PROGRESS),
    "lightgbm forest": lambda: LGBMRegressor(boosting_type="rf", subsample=0.5, subsample_freq=1, **QUIET).fit(
        DIABETES, PROGRESS
    ),
}
"""Every family, by what is special of it."""


@cache
def tree_model(name: str) -> Any:
    """Return one of these models, which is fitted once and must not be changed."""
    return TREE_MODELS[name]()
