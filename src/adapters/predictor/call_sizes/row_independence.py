"""Whether a model computes each row by itself, whatever else is in the batch, as far as its parts reveal it."""

import sys
from typing import Final, Literal

import numpy as np

from foreseen.adapters.predictor.library_model import LibraryModel
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn

RowKnowledge = Literal["independent", "matrix", "unknown"]

INDEPENDENT: Final = frozenset(
    {
        # trees and ensembles of them: a row goes from node to node, and members are summed in order
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
        "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
        "GradientBoostingClassifier", "GradientBoostingRegressor", "RandomTreesEmbedding", "IsolationForest",
        "HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
        # wrappers, whose members are checked as well
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
        # libsvm computes one row after the other
        "NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR",
        # parts of those above
        "_BinMapper", "_CalibratedClassifier", "_ConstantPredictor", "_SigmoidCalibration",
    }
)  # fmt: skip
"""Classes of scikit-learn that compute each row by itself in calls of two or more; all others may multiply matrices.

Verified: each of 4,000 to 8,000 rows got the same bits in calls of 2, 3, 7, 32 and 1,000 rows and in another order,
with the kernels of OpenBLAS for AVX2 and for AVX-512.

Source:
    docs/adr/0027-how-a-model-is-called.md
"""

MATRIX_LIBRARIES: Final = frozenset({"jax", "jaxlib", "keras", "onnxruntime", "tensorflow", "torch"})


def row_knowledge(model: object) -> RowKnowledge:
    """Return what a model's parts reveal: that it computes rows independently, that it multiplies matrices, or neither.

    The blocks of a matrix product depend on the number of rows, and so do the last bits of its sums, but only in a few
    rows of thousands: too few to be found by calling the model.
    """
    if isinstance(model, LibraryModel):
        return "independent" if model.computes_rows_alone else "matrix"
    estimators = filter(_is_of_scikit_learn, parts(model))
    if any(type(estimator).__name__ not in INDEPENDENT for estimator in estimators):
        return "matrix"
    if is_of_scikit_learn(model):
        return "independent"
    own = parts(model, is_closed=_is_of_scikit_learn)  # the arrays of a tree are not weights
    return "matrix" if any(map(_is_for_matrices, own)) else "unknown"


def is_estimator(part: object) -> bool:
    """Return whether an object derives from scikit-learn's base class; if it does, its module is imported already."""
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(part, base.BaseEstimator)


def _is_of_scikit_learn(part: object) -> bool:
    return is_estimator(part) and type(part).__module__.partition(".")[0] == "sklearn"


def _is_for_matrices(part: object) -> bool:
    """Return whether a part is an array of weights, or of a library that multiplies matrices."""
    if isinstance(part, np.ndarray):
        return part.dtype.kind == "f" and part.size > 1
    return type(part).__module__.partition(".")[0] in MATRIX_LIBRARIES
