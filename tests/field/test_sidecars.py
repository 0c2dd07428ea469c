"""A sidecar says what the model does not: of some features by name, or of all of them under names of its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from support.loaded_models import dtypes, load_saved, own_answers, sent
from support.models import IRIS_NAMES, iris_forest, iris_logistic
from support.own_functions import ByName, TextTransformer


def _rejection(model: Any, folder: Path, toml: str, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load_saved(model, folder, toml, proba=False, **options)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_sidecar_may_describe_one_feature_and_leave_the_others(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "petal_length"\nmissing = true\nexample = 4.5\n'
    signature = load_saved(iris_forest(2), tmp_path, toml).info.signature

    assert signature.names == tuple(IRIS_NAMES)
    assert [feature.missing for feature in signature.features] == [False, False, True, False]
    assert signature.features[2].example == 4.5


def test_features_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    model = iris_forest(2)
    toml = "".join(f'[[features]]\nname = "{name}"\nexample = {at}.5\n' for at, name in enumerate(reversed(IRIS_NAMES)))
    predictor = load_saved(model, tmp_path, toml)
    row = dict(zip(IRIS_NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))

    assert predictor.info.signature.names == tuple(IRIS_NAMES)
    assert [feature.example for feature in predictor.info.signature.features] == [3.5, 2.5, 1.5, 0.5]
    assert sent(predictor, row) == own_answers(model, pd.DataFrame([row]))


def test_numbered_features_are_described_by_their_numbers(tmp_path: Path) -> None:
    signature = load_saved(iris_logistic(), tmp_path, '[[features]]\nname = "x2"\nmissing = true\n').info.signature

    assert [feature.missing for feature in signature.features] == [False, False, True, False]


def test_an_unknown_name_is_rejected_with_a_hint(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "petal_length"\n[[features]]\nname = "petal_widht"\n'

    said = _rejection(iris_forest(2), tmp_path, toml)

    assert "expected features that the model has, got 'petal_widht'; did you mean 'petal_width'?" in said


def test_the_sidecar_allows_missing_values_of_a_forest(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": [1.0, np.nan, 3.0, np.nan] * 5})
    model = DecisionTreeClassifier(random_state=0).fit(rows, [0, 1, 0, 1] * 5)

    with pytest.raises(InvalidBatchError, match=r"nothing or NaN.*missing"):
        sent(load_saved(model, tmp_path), {"a": None})

    predictor = load_saved(model, tmp_path, '[[features]]\nname = "a"\nmissing = true\n')
    assert sent(predictor, {"a": None}) == own_answers(model, rows[1:2])


def test_the_handling_of_other_fields_is_declared(tmp_path: Path) -> None:
    assert load_saved(iris_forest(2), tmp_path).info.signature.extra_fields == "reject"
    assert load_saved(iris_forest(2), tmp_path, 'extra_fields = "ignore"\n').info.signature.extra_fields == "ignore"


WRONG = {
    "form": ('takes = "matrix"\n', "takes: input should be 'frame', 'polars', 'array', 'texts', 'dicts', 'tensor' or"),
    "extra fields": ('extra_fields = "drop"\n', "extra_fields: input should be 'reject' or 'ignore'"),
    "dtype": ('[[features]]\nname = "a"\ndtype = "int"\n', "features[0].dtype: expected a dtype of 'float64'"),
    "dtype of pandas": ('[[features]]\nname = "a"\ndtype = "int"\n', "'category', 'Int64'"),
    "no categories": ('[[features]]\nname = "a"\ndtype = "category"\n', "feature 'a': expected its categories beside"),
    "categories of another dtype": (
        '[[features]]\nname = "a"\ndtype = "string"\ncategories = ["x"]\n', 'expected dtype = "category" beside',
    ),
    "mixed categories": ('[[features]]\nname = "a"\ncategories = ["x", 1]\n', "expected categories of one type"),
    "empty categories": ('[[features]]\nname = "a"\ncategories = []\n', "features[0].categories"),
    "example of no category's type": (
        '[[features]]\nname = "a"\ncategories = ["x"]\nexample = 1\n', "expected an example of its dtype",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_rejected_with_the_known_ones(name: str, tmp_path: Path) -> None:
    toml, expected = WRONG[name]

    assert expected in _rejection(ByName(), tmp_path, toml, features=None)


def test_declared_categories_are_given_with_their_codes(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "grade"\ncategories = ["low", "mid", "high"]\nordered = true\nmissing = true\n'
    predictor = load_saved(Codes(), tmp_path, f'takes = "frame"\n{toml}', proba=False)

    assert dtypes(predictor.info.signature) == {"grade": "string"}
    assert sent(predictor, *({"grade": grade} for grade in ("high", "low", "unheard of", None))) == [2, 0, -1, -1]


class Codes:
    """Answers with the codes of an ordered category."""

    def predict(self, frame: pd.DataFrame) -> list[int]:
        assert frame["grade"].cat.ordered
        return [int(code) for code in frame["grade"].cat.codes]


def test_a_declared_dtype_decides_over_the_models(tmp_path: Path) -> None:
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model.fit(pd.DataFrame({"store": [1, 2] * 10}), [0, 1] * 10)
    predictor = load_saved(model, tmp_path, '[[features]]\nname = "store"\ndtype = "float64"\n')

    assert dtypes(predictor.info.signature) == {"store": "float64"}
    assert sent(predictor, {"store": 2.5}) == own_answers(model, pd.DataFrame({"store": [2.5]}))


def test_a_repeated_feature_is_rejected(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "a"\ndtype = "int64"\n[[features]]\nname = "b"\n[[features]]\nname = "a"\n'

    said = _rejection(iris_forest(2), tmp_path, toml)

    assert "features[2].name: expected each feature once, got 'a' again" in said


def test_one_misspelt_name_is_rejected_with_a_hint(tmp_path: Path) -> None:
    said = _rejection(iris_forest(2), tmp_path, '[[features]]\nname = "Petal_Length"\n')

    assert "expected features that the model has, got 'Petal_Length'; did you mean 'petal_length'?" in said


@pytest.mark.parametrize(
    ("name", "meant"), [("int", "int64"), ("float", "float64"), ("text", "string"), ("Int46", "Int64")]
)
def test_an_unknown_dtype_is_rejected_with_a_hint(name: str, meant: str, tmp_path: Path) -> None:
    said = _rejection(iris_forest(2), tmp_path, f'[[features]]\nname = "petal_width"\ndtype = "{name}"\n')

    assert f"got {name!r}; did you mean {meant!r}?" in said


def _dropping() -> Any:
    frame = pd.DataFrame({"id": range(20), "width": np.arange(20.0), "height": np.arange(20.0)})
    columns = ColumnTransformer([("n", StandardScaler(), ["width", "height"])])
    return make_pipeline(columns, LogisticRegression()).fit(frame, frame["width"] > 9)


def test_columns_that_the_model_drops_are_not_counted(tmp_path: Path) -> None:
    said = _rejection(_dropping(), tmp_path, '[[features]]\nname = "price"\n')
    renamed = load_saved(_dropping(), tmp_path, '[[features]]\nname = "b"\n[[features]]\nname = "c"\n')

    assert "expected features of 2 values in all, as many as the model takes, got 1" in said
    assert renamed.info.signature.names == ("b", "c")


def test_a_hint_names_the_most_similar_name(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "price"\n[[features]]\nname = "widht"\n'

    assert "got 'widht'; did you mean 'width'?" in _rejection(_dropping(), tmp_path, toml)


def test_an_unknown_name_is_rejected_with_the_models_names(tmp_path: Path) -> None:
    said = _rejection(iris_forest(2), tmp_path, '[[features]]\nname = "price"\n')

    assert "of 4 values in all, as many as the model takes, got 1; the model's are sepal_length, sepal_width" in said


def test_own_first_steps_are_rejected_with_later_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.linspace(-2, 2, 20), "b": 1.0})
    model = make_pipeline(TextTransformer(), OneHotEncoder(), LogisticRegression()).fit(frame, frame["a"] > 0)

    said = _rejection(model, tmp_path, "")

    assert "OneHotEncoder inside it takes a,b" in said
    assert "--features a,b" in said
    assert dtypes(load_saved(model, tmp_path, features=["a", "b"]).info.signature) == {"a": "float64", "b": "float64"}
