"""What is known without a call of whether a model computes each row by itself, whatever else is in the batch."""

import sys
from typing import Any, Final, Literal

import numpy as np

from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn

RowKnowledge = Literal["independent", "matrix", "unknown"]

INDEPENDENT: Final = frozenset(
    {
        # trees and what is built of them: a row goes from node to node, members are added in their order
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
        "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
        "GradientBoostingClassifier", "GradientBoostingRegressor", "RandomTreesEmbedding", "IsolationForest",
        "HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
        # around others, each of which is looked at as well
        "AdaBoostClassifier", "AdaBoostRegressor", "BaggingClassifier", "BaggingRegressor", "CalibratedClassifierCV",
        "ClassifierChain", "ColumnTransformer", "FeatureUnion", "FixedThresholdClassifier", "FrozenEstimator",
        "GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "MultiOutputClassifier",
        "MultiOutputRegressor", "OneVsOneClassifier", "OneVsRestClassifier", "Pipeline", "RFE", "RFECV",
        "RandomizedSearchCV", "RegressorChain", "SelectFromModel", "SelfTrainingClassifier", "StackingClassifier",
        "StackingRegressor", "TransformedTargetRegressor", "TunedThresholdClassifierCV", "VotingClassifier",
        "VotingRegressor",
        # value by value, or row by row in a loop
        "Binarizer", "CategoricalNB", "CountVectorizer", "DictVectorizer", "DummyClassifier", "DummyRegressor",
        "FeatureHasher", "FunctionTransformer", "GaussianNB", "GenericUnivariateSelect", "HashingVectorizer",
        "IsotonicRegression", "KBinsDiscretizer", "LabelBinarizer", "LabelEncoder", "MaxAbsScaler", "MinMaxScaler",
        "MissingIndicator", "MultiLabelBinarizer", "OneHotEncoder", "OrdinalEncoder", "PolynomialFeatures",
        "PowerTransformer", "QuantileTransformer", "RobustScaler", "SelectFdr", "SelectFpr", "SelectFwe",
        "SelectKBest", "SelectPercentile", "SequentialFeatureSelector", "SimpleImputer", "SplineTransformer",
        "StandardScaler", "TargetEncoder", "TfidfTransformer", "TfidfVectorizer", "VarianceThreshold",
        # libsvm takes one row after the other
        "NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR",
        # held by those above
        "_BinMapper", "_CalibratedClassifier", "_ConstantPredictor", "_SigmoidCalibration",
    }
)  # fmt: skip
"""Classes of scikit-learn that compute each row by itself, in two or more rows; all others may multiply matrices.

A review: two rows or more got the same bits in calls of 2, 3, 7, 32 and 1,000 rows and in another order, for 4,000 to
8,000 rows of each, with the kernels of OpenBLAS for AVX2 and for AVX-512.

Source:
    docs/adr/0027-how-a-model-is-called.md
"""

MATRIX_LIBRARIES: Final = frozenset({"jax", "jaxlib", "keras", "onnxruntime", "tensorflow", "torch"})


def row_knowledge(model: Any) -> RowKnowledge:
    """Return what a model's parts say: rows are computed independently, as matrices, or that is not known.

    Blocks of a matrix product depend on the number of rows and so do the last bits of its sums, in few rows of
    thousands: too few to be found by calling it.
    """
    estimators = filter(_is_of_scikit_learn, parts(model))
    if any(type(estimator).__name__ not in INDEPENDENT for estimator in estimators):
        return "matrix"
    if is_of_scikit_learn(model):
        return "independent"
    own = parts(model, is_closed=_is_of_scikit_learn)  # a tree's arrays are no weights
    return "matrix" if any(map(_is_for_matrices, own)) else "unknown"


def is_estimator(part: Any) -> bool:
    """Return whether an object follows scikit-learn's base class, which it has imported then."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(part, base.BaseEstimator)


def _is_of_scikit_learn(part: Any) -> bool:
    return is_estimator(part) and type(part).__module__.partition(".")[0] == "sklearn"


def _is_for_matrices(part: Any) -> bool:
    """Return whether a part is a weight, or of a library that multiplies with them."""
    if isinstance(part, np.ndarray):
        return part.dtype.kind == "f" and part.size > 1
    return type(part).__module__.partition(".")[0] in MATRIX_LIBRARIES
