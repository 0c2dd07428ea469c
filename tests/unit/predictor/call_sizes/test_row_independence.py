"""What a model's parts say of how it computes its rows."""

import sys
import types
import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, PowerTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.call_sizes.row_independence import row_knowledge
from support.models import OwnPredictor
from support.own_models import Doubler, Flowers

X, Y = load_iris(return_X_y=True)
TREE, FOREST = DecisionTreeClassifier(max_depth=2), RandomForestClassifier(3)

INDEPENDENT = {
    "tree": TREE,
    "forest": FOREST,
    "boosting": GradientBoostingClassifier(n_estimators=2),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=2),
    "search": GridSearchCV(HistGradientBoostingClassifier(max_iter=2), {"max_depth": [2]}, cv=2),
    "pipeline": make_pipeline(StandardScaler(), FOREST),
    "columns": make_pipeline(ColumnTransformer([("k", KBinsDiscretizer(2), [0])], remainder="passthrough"), SVC()),
    "union": make_pipeline(FeatureUnion([("s", StandardScaler()), ("p", PowerTransformer())]), GaussianNB()),
    "logarithm": make_pipeline(FunctionTransformer(np.log1p), FOREST),
    "calibrated": CalibratedClassifierCV(FOREST, cv=2),
    "voting": VotingClassifier([("t", TREE), ("g", GaussianNB())]),
    "stacking": StackingClassifier([("t", TREE)], FOREST, cv=2),
    "bagging": BaggingClassifier(TREE, n_estimators=2),
    "one against the rest": OneVsRestClassifier(TREE),
    "target": TransformedTargetRegressor(RandomForestRegressor(3), transformer=StandardScaler()),
    "outliers": IsolationForest(n_estimators=3),
}
MATRIX = {
    "logistic": LogisticRegression(max_iter=9),
    "within a pipeline": make_pipeline(PCA(2), FOREST),
    "within a stack": StackingClassifier([("t", TREE)], LogisticRegression(max_iter=9), cv=2),
    "within a search": GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2),
    "neighbours": KNeighborsClassifier(),
    "counts": MultinomialNB(),
}


def fitted(model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, Y)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_trees_and_what_is_built_of_them_compute_rows_independently(name: str) -> None:
    assert row_knowledge(fitted(INDEPENDENT[name])) == "independent"


@pytest.mark.parametrize("name", MATRIX)
def test_whatever_multiplies_matrices_anywhere_is_known_by_its_class(name: str) -> None:
    assert row_knowledge(fitted(MATRIX[name])) == "matrix"


class Weighted:
    """A model of the user's own that holds weights."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights


@pytest.mark.parametrize("weights", [np.ones(3), np.ones((2, 2), dtype=np.float32)])
def test_weights_of_an_own_model_count_as_a_matrix(weights: Any) -> None:
    assert row_knowledge(Weighted(weights)) == "matrix"


@pytest.mark.parametrize("own", [Doubler(), Flowers(), OwnPredictor(), Weighted(np.arange(3)), Weighted(2.5)])
def test_a_users_own_model_without_weights_is_not_known(own: Any) -> None:
    assert row_knowledge(own) == "unknown"


def test_a_users_own_model_around_a_linear_one_multiplies_matrices() -> None:
    assert row_knowledge(Weighted(fitted(LogisticRegression(max_iter=9)))) == "matrix"


def test_an_own_function_within_a_pipeline_is_not_known() -> None:
    pipeline = make_pipeline(FunctionTransformer(fitted), FOREST)

    assert row_knowledge(fitted(make_pipeline(StandardScaler(), FOREST)) and pipeline) == "unknown"


def test_a_layer_of_a_library_for_networks_multiplies_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those libraries are not installed here; a class that claims to be of one replaces them."""
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    layer = type("Linear", (), {"__module__": "torch.nn"})()

    assert row_knowledge(Weighted(layer)) == "matrix"
