"""Every estimator of scikit-learn that predicts is served as it answers by itself, or on a list that says why not.

Read the lists: a new estimator of scikit-learn fails the first test until it is put on one of them.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import all_estimators

from foreseen.domain.errors import ModelUnavailableError
from support.loaded_models import load_saved, sent

X, Y = (table[::3] for table in load_iris(return_X_y=True))
IS_FIRST = (Y == 0).astype(int)
ROWS = X[::9]

AS_THEY_ARE = (
    "ARDRegression", "AdaBoostClassifier", "AdaBoostRegressor", "AffinityPropagation", "BaggingClassifier",
    "BaggingRegressor", "BayesianGaussianMixture", "BayesianRidge", "BernoulliNB", "Birch", "BisectingKMeans",
    "CalibratedClassifierCV", "CategoricalNB", "ComplementNB", "DecisionTreeClassifier", "DecisionTreeRegressor",
    "DummyClassifier", "DummyRegressor", "ElasticNet", "ElasticNetCV", "EllipticEnvelope", "ExtraTreeClassifier",
    "ExtraTreeRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor", "GaussianMixture", "GaussianNB",
    "GaussianProcessClassifier", "GaussianProcessRegressor", "GradientBoostingClassifier",
    "GradientBoostingRegressor", "HistGradientBoostingClassifier", "HistGradientBoostingRegressor", "HuberRegressor",
    "IsolationForest", "KMeans", "KNeighborsClassifier", "KNeighborsRegressor", "KernelRidge", "LabelPropagation",
    "LabelSpreading", "Lars", "LarsCV", "Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC",
    "LinearDiscriminantAnalysis", "LinearRegression", "LinearSVC", "LinearSVR", "LogisticRegression",
    "LogisticRegressionCV", "MLPClassifier", "MLPRegressor", "MeanShift", "MiniBatchKMeans", "MultinomialNB",
    "NearestCentroid", "NuSVC", "NuSVR", "OneClassSVM", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV",
    "PLSRegression", "PassiveAggressiveClassifier", "PassiveAggressiveRegressor", "Perceptron", "PoissonRegressor",
    "QuadraticDiscriminantAnalysis", "QuantileRegressor", "RANSACRegressor", "RadiusNeighborsClassifier",
    "RandomForestClassifier", "RandomForestRegressor", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV",
    "SGDClassifier", "SGDOneClassSVM", "SGDRegressor", "SVC", "SVR", "TheilSenRegressor",
    "TransformedTargetRegressor", "TweedieRegressor",
)  # fmt: skip
"""Made without an argument, and fitted on iris."""

_TWO = np.column_stack([Y, Y])
_ONE_COLUMN = (X[:, :1], X[:, 3])

MADE_FOR: dict[str, Callable[[Any], Any]] = {
    "CCA": lambda kind: kind(n_components=1).fit(X, Y),
    "ClassifierChain": lambda kind: kind(LogisticRegression()).fit(X, np.column_stack([IS_FIRST, 1 - IS_FIRST])),
    "FixedThresholdClassifier": lambda kind: kind(LogisticRegression()).fit(X, IS_FIRST),
    "GammaRegressor": lambda kind: kind().fit(X, Y + 1.0),
    "GridSearchCV": lambda kind: kind(LogisticRegression(), {"C": [1.0]}, cv=2).fit(X, Y),
    "HalvingGridSearchCV": lambda kind: kind(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y),
    "HalvingRandomSearchCV": lambda kind: kind(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y),
    "IsotonicRegression": lambda kind: kind(out_of_bounds="clip").fit(*_ONE_COLUMN),
    "LocalOutlierFactor": lambda kind: kind(novelty=True).fit(X),
    "MultiOutputClassifier": lambda kind: kind(LogisticRegression()).fit(X, _TWO),
    "MultiOutputRegressor": lambda kind: kind(Ridge()).fit(X, _TWO),
    "MultiTaskElasticNet": lambda kind: kind().fit(X, _TWO),
    "MultiTaskElasticNetCV": lambda kind: kind(cv=2).fit(X, _TWO),
    "MultiTaskLasso": lambda kind: kind().fit(X, _TWO),
    "MultiTaskLassoCV": lambda kind: kind(cv=2).fit(X, _TWO),
    "OneVsOneClassifier": lambda kind: kind(LogisticRegression()).fit(X, Y),
    "OneVsRestClassifier": lambda kind: kind(LogisticRegression()).fit(X, Y),
    "OutputCodeClassifier": lambda kind: kind(LogisticRegression(), random_state=0).fit(X, Y),
    "PLSCanonical": lambda kind: kind(n_components=1).fit(X, Y),
    "Pipeline": lambda kind: kind([("m", LogisticRegression())]).fit(X, Y),
    "RFE": lambda kind: kind(LogisticRegression()).fit(X, Y),
    "RFECV": lambda kind: kind(LogisticRegression(), cv=2).fit(X, Y),
    "RadiusNeighborsRegressor": lambda kind: kind().fit(X, X[:, 3]),
    "RandomizedSearchCV": lambda kind: kind(LogisticRegression(), {"C": [1.0]}, n_iter=1, cv=2).fit(X, Y),
    "RegressorChain": lambda kind: kind(Ridge()).fit(X, _TWO),
    "SelfTrainingClassifier": lambda kind: kind(LogisticRegression()).fit(X, np.where(np.arange(50) % 5, Y, -1)),
    "StackingClassifier": lambda kind: kind([("m", LogisticRegression())], cv=2).fit(X, Y),
    "StackingRegressor": lambda kind: kind([("m", Ridge())], cv=2).fit(X, Y),
    "TunedThresholdClassifierCV": lambda kind: kind(LogisticRegression(), cv=2).fit(X, IS_FIRST),
    "VotingClassifier": lambda kind: kind([("m", LogisticRegression())]).fit(X, Y),
    "VotingRegressor": lambda kind: kind([("m", Ridge())]).fit(X, Y),
}
"""Takes an argument, or another target than iris has."""

REJECTED = {"LocalOutlierFactor": "fitted without novelty=True it has no predict, and says so itself"}
"""Not served as they come, and why."""

KINDS = {name: kind for name, kind in all_estimators() if hasattr(kind, "predict")} | {
    name: kind for name, kind in all_estimators() if name in REJECTED
}


def test_every_estimator_that_predicts_is_on_a_list() -> None:
    assert sorted(set(KINDS) - {*AS_THEY_ARE, *MADE_FOR}) == []


def _fitted(name: str) -> Any:
    kind = KINDS[name]
    if name in MADE_FOR:
        return MADE_FOR[name](kind)
    needs_member = name == "CalibratedClassifierCV"
    return (kind(cv=2) if needs_member else kind()).fit(X, Y)


@pytest.mark.parametrize("name", [name for name in (*AS_THEY_ARE, *MADE_FOR) if name in KINDS])
def test_it_answers_as_it_does_by_itself(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some warn of few rounds or of their own end
        model = _fitted(name)
        # What takes one column alone counts none of them.
        names = None if hasattr(model, "n_features_in_") else ["x0"]
        predictor = load_saved(model, tmp_path, proba=False, features=names)
        rows = ROWS[:, : len(predictor.info.signature.features)]
        own = model.predict(rows)
        got = sent(predictor, *(dict(zip(predictor.info.signature.names, row, strict=True)) for row in rows.tolist()))

    is_classifier = predictor.info.signature.kind == "classification"
    assert got == (own.astype(int).astype(str).tolist() if is_classifier else own.tolist())


@pytest.mark.parametrize("name", REJECTED)
def test_an_unservable_estimator_is_rejected_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=f"expected a model, an object with a predict method, got .*{name}"):
        load_saved(KINDS[name]().fit(X), tmp_path)
