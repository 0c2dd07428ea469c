"""Every kind of model that the field saves answers as it does by itself."""

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import decoded
from support.models import answers, digits_forest, iris_frame, iris_logistic, save

X, Y = load_iris(return_X_y=True)
WORDS = np.array(["setosa", "versicolor", "virginica"])[Y]
TWO = np.column_stack([Y, (X[:, 0] > 5.8).astype(int)])
ROWS = X[::7]


def _tree() -> Any:
    return DecisionTreeClassifier(max_depth=3, random_state=0)


CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "int labels": lambda: _tree().fit(X, Y),
    "string labels": lambda: _tree().fit(X, WORDS),
    "bool labels": lambda: GaussianNB().fit(X, Y == 1),
    "float labels": lambda: _tree().fit(X, Y.astype(float)),
    "forest": lambda: RandomForestClassifier(5, random_state=0).fit(X, WORDS),
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(X, WORDS),
    "grid search": lambda: GridSearchCV(_tree(), {"max_depth": [1, 2]}, cv=2).fit(X, WORDS),
    "voting": lambda: VotingClassifier([("t", _tree()), ("g", GaussianNB())], voting="soft").fit(X, WORDS),
    "stacking": lambda: StackingClassifier([("t", _tree()), ("g", GaussianNB())], cv=2).fit(X, WORDS),
    "calibrated": lambda: CalibratedClassifierCV(_tree(), cv=2).fit(X, WORDS),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=3).fit(X, Y),
    "neighbours": lambda: KNeighborsClassifier(3).fit(X, Y),
}

OTHERS: dict[str, Callable[[], Any]] = {
    "linear": lambda: LinearRegression().fit(X[:, :3], X[:, 3]),
    "forest regressor": lambda: RandomForestRegressor(5, random_state=0).fit(X, X[:, 3]),
    "two outputs": lambda: Ridge().fit(X, X[:, 2:]),
    "multi-output regressor": lambda: MultiOutputRegressor(Ridge()).fit(X, X[:, 2:]),
    "one output as a column": lambda: PLSRegression(1).fit(X, X[:, 3]),
    "clusters": lambda: KMeans(3, n_init=1, random_state=0).fit(X),
    "outliers": lambda: IsolationForest(n_estimators=5, random_state=0).fit(X),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_answers_with_its_own_labels_and_probabilities(name: str, tmp_path: Path) -> None:
    model = CLASSIFIERS[name]()
    predictor = load_predictor(save(model, tmp_path), outputs=("predict", "predict_proba"), rows_per_call=0)

    got = answers(predictor, ROWS)

    assert predictor.info.signature.kind == "classification"
    assert predictor.info.signature.classes == tuple(str(label) for label in model.classes_.tolist())
    assert [one["prediction"] for one in got] == [str(label) for label in model.predict(ROWS).tolist()]
    for one, row in zip(got, model.predict_proba(ROWS), strict=True):
        assert one["probabilities"] == dict(zip(predictor.info.signature.classes, row.tolist(), strict=True))


@pytest.mark.parametrize("name", OTHERS)
def test_a_regressor_answers_with_its_own_numbers(name: str, tmp_path: Path) -> None:
    model = OTHERS[name]()
    rows = ROWS[:, : model.n_features_in_]
    predictor = load_predictor(save(model, tmp_path), rows_per_call=0)

    assert predictor.info.signature.kind != "classification"
    assert predictor.info.signature.classes == ()
    assert [one["prediction"] for one in answers(predictor, rows)] == model.predict(rows).tolist()


def test_kinds_are_distinguished(tmp_path: Path) -> None:
    kinds = {
        name: load_predictor(save(OTHERS[name](), tmp_path)).info.signature.kind for name in ("linear", "clusters")
    }

    assert kinds == {"linear": "regression", "clusters": "other"}


@pytest.mark.parametrize(
    "model",
    [
        MultiOutputClassifier(_tree()),
        RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(3),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_classifier_of_two_outputs_answers_with_lists(model: Any, tmp_path: Path) -> None:
    model.fit(X, TWO)
    predictor = load_predictor(save(model, tmp_path), outputs=("predict", "predict_proba"))

    got = answers(predictor, ROWS)

    assert predictor.info.signature.classes == ()
    assert [one["prediction"] for one in got] == [[str(a), str(b)] for a, b in model.predict(ROWS).tolist()]
    first, second = model.predict_proba(ROWS)
    assert [one["probabilities"] for one in got] == [
        [dict(zip("012", a.tolist(), strict=True)), dict(zip("01", b.tolist(), strict=True))]
        for a, b in zip(first, second, strict=True)
    ]


def test_a_multilabel_classifier_gives_one_probability_a_label(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not converge in 20 rounds, and need not
        model = MLPClassifier((4,), max_iter=20, random_state=0).fit(X, np.eye(3, dtype=int)[Y])
    predictor = load_predictor(save(model, tmp_path), outputs=("predict", "predict_proba"), rows_per_call=0)

    got = answers(predictor, ROWS)

    assert [one["prediction"] for one in got] == [list(map(str, row)) for row in model.predict(ROWS).tolist()]
    assert [list(one["probabilities"].values()) for one in got] == model.predict_proba(ROWS).tolist()


@pytest.mark.parametrize("name", ["int labels", "pipeline", "grid search", "boosting", "voting"])
def test_a_model_fitted_on_frames_gets_frames(name: str, tmp_path: Path) -> None:
    """Without its columns' names scikit-learn warns, and warnings are errors here."""
    frame, target = iris_frame()
    model = CLASSIFIERS[name]().fit(frame, target)

    predictor = load_predictor(save(model, tmp_path), rows_per_call=0)

    assert predictor.info.signature.names == tuple(frame.columns)
    assert [one["prediction"] for one in answers(predictor, ROWS)] == [
        str(label) for label in model.predict(pd.DataFrame(ROWS, columns=frame.columns)).tolist()
    ]


def test_names_that_are_no_identifiers_are_kept(tmp_path: Path) -> None:
    frame, target = load_iris(return_X_y=True, as_frame=True)
    model = _tree().fit(frame, target)

    predictor = load_predictor(save(model, tmp_path))

    assert predictor.info.signature.names[0] == "sepal length (cm)"
    assert len(answers(predictor, ROWS)) == len(ROWS)


def test_a_missing_output_is_rejected_with_those_there_are(tmp_path: Path) -> None:
    path = save(SVC().fit(X, Y), tmp_path)

    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(path, outputs=("predict", "predict_proba"))

    assert str(caught.value) == f"{path}: expected outputs of SVC (predict, decision_function), got 'predict_proba'"
    assert load_predictor(path).info.output_names == ("predict",)


@pytest.mark.parametrize(
    ("name", "said"),
    [("decison_function", "; did you mean 'decision_function'?"), ("fit", ""), ("transform", ""), ("__init__", "")],
)
def test_no_other_method_is_an_output(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(save(iris_logistic(), tmp_path), outputs=(name,))

    offered = "(predict, predict_proba, predict_log_proba, decision_function)"
    assert str(caught.value).endswith(f": expected outputs of LogisticRegression {offered}, got {name!r}{said}")


DECISIONS: dict[str, Callable[[], Any]] = {
    "labels that are numbers": lambda: SVC().fit(X, Y),
    "two classes": lambda: SVC().fit(X, Y == 1),
    "logistic": iris_logistic,
    "pipeline": lambda: make_pipeline(StandardScaler(), SVC()).fit(X, WORDS),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=3).fit(X, Y),
    "outliers": OTHERS["outliers"],
}


@pytest.mark.parametrize("name", DECISIONS)
def test_decision_values_are_the_numbers_of_the_model(name: str, tmp_path: Path) -> None:
    model = DECISIONS[name]()
    outputs = ("predict", "decision_function")
    predictor = load_predictor(save(model, tmp_path), outputs=outputs, rows_per_call=0)

    got = answers(predictor, ROWS)

    assert predictor.info.output_names == outputs
    assert [one["decision_function"] for one in got] == model.decision_function(ROWS).tolist()
    assert [str(one["prediction"]) for one in got] == [str(label) for label in model.predict(ROWS).tolist()]


def test_scores_of_samples_are_the_numbers_of_the_model(tmp_path: Path) -> None:
    model = OTHERS["outliers"]()
    predictor = load_predictor(save(model, tmp_path), outputs=("score_samples",))

    assert [one["score_samples"] for one in answers(predictor, ROWS)] == model.score_samples(ROWS).tolist()


@pytest.mark.parametrize("name", ["forest", "pipeline", "bool labels", "grid search"])
def test_log_probabilities_are_numbers_by_label(name: str, tmp_path: Path) -> None:
    model = CLASSIFIERS[name]()
    predictor = load_predictor(save(model, tmp_path), outputs=("predict_log_proba",), rows_per_call=0)

    got = [one["log_probabilities"] for one in answers(predictor, ROWS)]

    with np.errstate(divide="ignore"):
        expected = model.predict_log_proba(ROWS)
    assert [list(one) for one in got] == [[str(label) for label in model.classes_]] * len(ROWS)
    assert [list(one.values()) for one in got] == [
        [value if np.isfinite(value) else None for value in row] for row in expected.tolist()
    ]


TRANSFORMERS: dict[str, Callable[[], Any]] = {
    "distances": lambda: KMeans(3, n_init=1, random_state=0).fit(X),
    "components": lambda: make_pipeline(StandardScaler(), PCA(2)).fit(X),
    "sparse leaves": lambda: RandomTreesEmbedding(3, max_depth=2, random_state=0).fit(X),
    "votes": lambda: VotingClassifier([("a", _tree()), ("b", GaussianNB())], voting="soft").fit(X, Y),
    "one component": lambda: PCA(1).fit(X),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_what_a_model_transforms_rows_into_is_served(name: str, tmp_path: Path) -> None:
    model = TRANSFORMERS[name]()
    predictor = load_predictor(save(model, tmp_path), outputs=("transform",), rows_per_call=0)

    got = [one["transform"] for one in answers(predictor, ROWS)]

    made = model.transform(ROWS)
    expected = (made.toarray() if hasattr(made, "toarray") else made).tolist()
    assert got == ([row[0] for row in expected] if name == "one component" else expected)


def test_transformed_frames_are_objects_by_column(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), PCA(2)).set_output(transform="pandas").fit(X)
    predictor = load_predictor(save(model, tmp_path), outputs=("transform",), rows_per_call=0)

    got = [one["transform"] for one in answers(predictor, ROWS)]

    assert got == model.transform(ROWS).to_dict("records")


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: make_pipeline(StandardScaler(), model)])
def test_a_transform_without_a_row_for_each_instance_is_rejected(wrap: Callable[[Any], Any], tmp_path: Path) -> None:
    voting = VotingClassifier([("a", _tree()), ("b", GaussianNB())], voting="soft", flatten_transform=False)

    with pytest.raises(ModelUnavailableError, match="a matrix for each of its models; try: flatten_transform=True"):
        load_predictor(save(wrap(voting).fit(X, Y), tmp_path), outputs=("transform",))


def test_a_transformer_is_served_only_if_that_is_chosen(tmp_path: Path) -> None:
    path = save(PCA(2).fit(X), tmp_path)

    with pytest.raises(ModelUnavailableError, match="or serve what it returns by --outputs transform"):
        load_predictor(path)
    with pytest.raises(ModelUnavailableError, match="or serve what it returns by --outputs transform"):
        load_predictor(path, outputs=("predict", "transform"))


def test_a_regressor_has_no_probabilities(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="predict_proba"):
        load_predictor(save(OTHERS["linear"](), tmp_path), outputs=("predict_proba",))


@pytest.mark.parametrize("form", ["pickle", "zlib", "gzip", "xz", "protocol 2"])
def test_every_way_to_save_a_model_loads(form: str, tmp_path: Path) -> None:
    model, path = _tree().fit(X, Y), tmp_path / "model.bin"
    if form == "pickle":
        path.write_bytes(pickle.dumps(model))
    elif form == "protocol 2":
        path.write_bytes(pickle.dumps(model, protocol=2))
    else:
        joblib.dump(model, path, compress=(form, 3))
    path.chmod(0o600)

    got = answers(load_predictor(path), ROWS)

    assert [one["prediction"] for one in got] == [str(label) for label in model.predict(ROWS)]


SIDECAR = '[[features]]\nname = "image"\nshape = [8, 8]\n'


def test_an_image_reaches_an_estimator_as_its_row_of_pixels(tmp_path: Path) -> None:
    model, images = digits_forest(), load_digits().images[:20]
    path = save(model, tmp_path)
    (tmp_path / "model.toml").write_text(SIDECAR)
    predictor = load_predictor(path)

    got = predictor.predict(_batch(predictor, images))

    assert predictor.info.signature.features[0].shape == (8, 8)
    expected = [str(label) for label in model.predict(images.reshape(20, 64))]
    assert decoded(got.encode()).outputs["prediction"] == expected


def test_an_image_reaches_a_frame_estimator_under_its_column_names(tmp_path: Path) -> None:
    frame, target = load_digits(return_X_y=True, as_frame=True)
    model = _tree().fit(frame, target)
    path = save(model, tmp_path)
    (tmp_path / "model.toml").write_text(SIDECAR)
    predictor = load_predictor(path)

    got = predictor.predict(_batch(predictor, load_digits().images[:20]))

    assert decoded(got.encode()).outputs["prediction"] == [str(label) for label in model.predict(frame[:20])]


def _batch(predictor: Predictor, images: Any) -> Batch:
    return Batch.of(predictor.info.signature, {"image": images})
