"""What a fitted model knows of its columns: strings, missing values, examples."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from support.models import answers, batch_of, mixed_pipeline, save

COLOURS = pd.DataFrame({"colour": ["red", "green", np.nan, "red"] * 10, "weight": [1.0, 2.0, 3.0, np.nan] * 10})
HEAVY = np.array([0, 1, 0, 1] * 10)
SEEN = pd.DataFrame({"colour": ["green", None], "weight": [3.0, 3.0]})
NUMBERS = np.where(np.arange(80).reshape(40, 2) % 7 == 0, np.nan, np.arange(80).reshape(40, 2))


def _loaded(model: Any, folder: Path, *, rows_per_call: int = 0) -> Predictor:
    return load_predictor(save(model, folder), outputs=("predict_proba",), rows_per_call=rows_per_call)


def _missing(predictor: Predictor) -> list[bool]:
    return [feature.missing for feature in predictor.info.signature.features]


def _encoded(encoder: Any) -> Any:
    columns = ColumnTransformer([("c", encoder, ["colour"]), ("w", SimpleImputer(), ["weight"])])
    return make_pipeline(columns, LogisticRegression())


def test_a_column_of_categories_holds_strings_with_an_example(tmp_path: Path) -> None:
    predictor = load_predictor(save(mixed_pipeline(), tmp_path))

    colour, weight, height = predictor.info.signature.features

    assert (colour.dtype, colour.missing, colour.default_example()) == ("string", False, "blue")
    assert (weight.dtype, weight.missing) == ("float64", True)
    assert (height.dtype, height.missing) == ("float64", False)


def test_strings_and_numbers_are_answered_as_by_the_model_itself(tmp_path: Path) -> None:
    model = mixed_pipeline()
    frame = pd.DataFrame({"colour": ["red", "blue"], "weight": [1.5, np.nan], "height": [3.0, 28.0]})

    got = answers(load_predictor(save(model, tmp_path)), frame)

    assert [one["prediction"] for one in got] == model.predict(frame).tolist()


def test_none_that_a_nan_imputer_passes_through_stays_none(tmp_path: Path) -> None:
    """As frames of pandas 2 hold missing texts that were read from JSON, Parquet or a database."""
    frame = COLOURS.assign(colour=pd.Series(["red", "green", None, "red"] * 10, dtype=object))
    colours = make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder(handle_unknown="ignore"))
    model = _encoded(colours).fit(frame, HEAVY)

    got = answers(_loaded(model, tmp_path), frame[:4])

    assert [list(one["probabilities"].values()) for one in got] == model.predict_proba(frame[:4]).tolist()


def test_a_category_that_was_never_seen_is_the_callers_fault(tmp_path: Path) -> None:
    predictor = load_predictor(save(mixed_pipeline(), tmp_path))

    with pytest.raises(InvalidBatchError, match="unknown categories"):
        answers(predictor, pd.DataFrame({"colour": ["mauve"], "weight": [1.0], "height": [1.0]}))


ENCODERS = {
    "one-hot": OneHotEncoder(),
    "one-hot that ignores": OneHotEncoder(handle_unknown="ignore"),
    "ordinal": make_pipeline(OrdinalEncoder(), SimpleImputer()),
    "imputed": make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
    "imputed by a constant": make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder()),
}


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
def test_a_missing_string_is_the_same_alone_and_beside_another(encoder: Any, tmp_path: Path) -> None:
    model = _encoded(encoder).fit(COLOURS, HEAVY)
    predictor = _loaded(model, tmp_path, rows_per_call=2)

    together, alone = answers(predictor, SEEN), [answers(predictor, SEEN[row : row + 1])[0] for row in range(2)]

    assert _missing(predictor) == [True, True]
    assert alone == together
    own = model.predict_proba(COLOURS.assign(colour=["green", np.nan] * 20, weight=3.0)[:2])
    assert [list(one["probabilities"].values()) for one in together] == own.tolist()


def test_a_model_that_learned_none_as_a_category_gets_none(tmp_path: Path) -> None:
    with_none = COLOURS.assign(colour=pd.Series(["red", "green", None, "red"] * 10, dtype=object))
    model = _encoded(OneHotEncoder()).fit(with_none, HEAVY)
    assert model[0].named_transformers_["c"].categories_[0][-1] is None
    predictor = _loaded(model, tmp_path, rows_per_call=2)

    together, alone = answers(predictor, SEEN), answers(predictor, SEEN[1:])

    assert alone == together[1:]
    assert together[0] != together[1]


def test_categories_of_an_array_are_strings_too(tmp_path: Path) -> None:
    model = make_pipeline(OneHotEncoder(), LogisticRegression())
    table = np.array([["a", "x"], ["b", "y"]] * 10, dtype=object)
    predictor = _loaded(model.fit(table, [0, 1] * 10), tmp_path)

    assert [feature.dtype for feature in predictor.info.signature.features] == ["string", "string"]
    assert [list(one["probabilities"].values()) for one in answers(predictor, table[:2])] == (
        model.predict_proba(table[:2]).tolist()
    )


def test_categories_that_are_integers_stay_integers(tmp_path: Path) -> None:
    encoder = OneHotEncoder(sparse_output=False)
    model = make_pipeline(encoder, HistGradientBoostingClassifier(max_iter=2)).fit([[3], [5]] * 10, [0, 1] * 10)

    (feature,) = _loaded(model, tmp_path).info.signature.features

    assert (feature.dtype, feature.default_example(), feature.missing) == ("int64", 3, False)


def test_boosting_that_encodes_its_own_categories_takes_strings(tmp_path: Path) -> None:
    frame = COLOURS.assign(colour=COLOURS["colour"].astype("category"))
    boosting = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=1, categorical_features="from_dtype")
    model = boosting.fit(frame, HEAVY)
    predictor = _loaded(model, tmp_path)

    assert [feature.dtype for feature in predictor.info.signature.features] == ["string", "float64"]
    assert _missing(predictor) == [True, True]
    assert [list(one["probabilities"].values()) for one in answers(predictor, SEEN)] == (
        model.predict_proba(COLOURS.assign(colour=["green", np.nan] * 20, weight=3.0)[:2]).tolist()
    )


def test_text_is_a_string(tmp_path: Path) -> None:
    frame = pd.DataFrame({"review": ["good film", "bad film"] * 5, "stars": [5.0, 1.0] * 5})
    columns = ColumnTransformer([("text", TfidfVectorizer(), "review"), ("stars", StandardScaler(), ["stars"])])
    model = make_pipeline(columns, LogisticRegression()).fit(frame, [1, 0] * 5)
    predictor = _loaded(model, tmp_path)

    assert [feature.dtype for feature in predictor.info.signature.features] == ["string", "float64"]
    assert [list(one["probabilities"].values()) for one in answers(predictor, frame[:2])] == (
        model.predict_proba(frame[:2]).tolist()
    )


@pytest.mark.parametrize(
    "chosen",
    [["colour"], [0], slice(0, 1), [True, False], make_column_selector(dtype_exclude="number"), np.array([0])],
    ids=["by name", "by number", "by slice", "by mask", "by dtype", "by array"],
)
def test_columns_are_found_however_they_were_chosen(chosen: Any, tmp_path: Path) -> None:
    columns = ColumnTransformer([("w", SimpleImputer(), ["weight"]), ("c", OneHotEncoder(), chosen)])
    model = make_pipeline(columns, LogisticRegression()).fit(COLOURS, HEAVY)

    assert [feature.dtype for feature in _loaded(model, tmp_path).info.signature.features] == ["string", "float64"]


TAKES_MISSING = {
    "boosting": HistGradientBoostingClassifier(max_iter=2),
    "imputer first": make_pipeline(SimpleImputer(), DecisionTreeClassifier()),
    "scaler, then imputer": make_pipeline(StandardScaler(), SimpleImputer(), LogisticRegression()),
    "grid search": GridSearchCV(make_pipeline(SimpleImputer(), LogisticRegression()), {}, cv=2),
    "calibrated": CalibratedClassifierCV(make_pipeline(SimpleImputer(), LogisticRegression()), cv=2),
    "voting": VotingClassifier([("b", HistGradientBoostingClassifier(max_iter=2))], voting="soft"),
    "union": make_pipeline(FeatureUnion([("i", SimpleImputer())]), LogisticRegression()),
    "bagging": BaggingClassifier(make_pipeline(SimpleImputer(), LogisticRegression()), n_estimators=2),
}


@pytest.mark.parametrize("name", TAKES_MISSING)
def test_steps_for_missing_values_accept_them(name: str, tmp_path: Path) -> None:
    model = TAKES_MISSING[name].fit(NUMBERS, HEAVY)
    predictor = _loaded(model, tmp_path)

    assert _missing(predictor) == [True, True]
    rows = np.array([[np.nan, 3.0], [np.nan, np.nan]])
    assert [list(one["probabilities"].values()) for one in answers(predictor, rows)] == (
        model.predict_proba(rows).tolist()
    )


TAKES_NONE_MISSING = {
    "linear": LogisticRegression(),
    "imputer of another number": make_pipeline(SimpleImputer(missing_values=-1), LogisticRegression()),
    "one member of a vote chokes": VotingClassifier(
        [("b", HistGradientBoostingClassifier(max_iter=2)), ("l", LogisticRegression())], voting="soft"
    ),
}


@pytest.mark.parametrize("name", TAKES_NONE_MISSING)
def test_a_missing_number_is_rejected_where_a_step_would_fail(name: str, tmp_path: Path) -> None:
    predictor = _loaded(TAKES_NONE_MISSING[name].fit(np.nan_to_num(NUMBERS), HEAVY), tmp_path)

    assert _missing(predictor) == [False, False]
    with pytest.raises(InvalidBatchError, match="finite"):
        batch_of(predictor.info.signature, [[np.nan, 1.0]])


def test_a_bagging_around_column_choices_loads(tmp_path: Path) -> None:
    """The template that a bagging keeps was never fitted, and says nothing of its columns."""
    inner = make_pipeline(ColumnTransformer([("s", StandardScaler(), [0, 1])]), LogisticRegression())
    model = BaggingClassifier(inner, n_estimators=2, random_state=0).fit(np.nan_to_num(NUMBERS), HEAVY)

    assert [list(one["probabilities"].values()) for one in answers(_loaded(model, tmp_path), [[1.0, 2.0]])] == (
        model.predict_proba([[1.0, 2.0]]).tolist()
    )


def test_a_transformed_target_is_looked_through(tmp_path: Path) -> None:
    inner = TransformedTargetRegressor(HistGradientBoostingRegressor(max_iter=2), func=np.log1p, inverse_func=np.expm1)
    predictor = load_predictor(save(inner.fit(NUMBERS, HEAVY), tmp_path))

    assert _missing(predictor) == [True, True]


def test_a_model_of_plain_columns_gives_no_examples(tmp_path: Path) -> None:
    predictor = load_predictor(save(Ridge().fit([[1.0], [2.0]], [1.0, 2.0]), tmp_path))

    assert [feature.example for feature in predictor.info.signature.features] == [None]
