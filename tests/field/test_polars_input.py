"""A model whose code is written for polars is given a DataFrame of polars."""

from pathlib import Path

import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.scikit_learn.inputs.polars_code import uses_polars
from foreseen.domain.errors import ModelUnavailableError
from support import own_functions
from support.loaded_models import load_saved, sent
from support.models import save
from support.polars_models import NullCounter, Types, into_numbers, with_area

BOXES = pl.DataFrame({"width": [1.0, 2.0, 3.0, 4.0], "height": [2.0, 5.0, 1.0, 7.0]})
COLUMNS = """
[[features]]
name = "a"
dtype = "{}"
missing = true
[[features]]
name = "b"
dtype = "string"
missing = true
[[features]]
name = "c"
dtype = "datetime_tz"
missing = true
"""


def test_a_pipeline_fitted_on_polars_is_given_polars(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(with_area), LinearRegression()).fit(BOXES, [2.0, 10.0, 3.0, 28.0])
    predictor = load_saved(model, tmp_path, proba=False, features=["width", "height"])

    assert predictor.info.model_input.takes == "polars"
    assert sent(predictor, *BOXES.to_dicts()) == model.predict(BOXES).tolist()


def test_frames_of_pandas_come_first(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(own_functions.doubled), LinearRegression()).fit(
        BOXES.to_pandas(), [2.0, 10.0, 3.0, 28.0]
    )

    assert not uses_polars(model)
    assert load_saved(model, tmp_path, proba=False, features=["width", "height"]).info.model_input.takes != "polars"


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [("int64", 3, "Int64"), ("float32", 0.5, "Float32"), ("bool", True, "Boolean"), ("uint8", 3, "UInt8")],
)
def test_a_column_has_the_dtype_of_its_feature(dtype: str, value: object, shown: str, tmp_path: Path) -> None:
    predictor = load_saved(Types(), tmp_path, 'takes = "polars"\n' + COLUMNS.format(dtype), proba=False)

    row = {"a": value, "b": "text", "c": "2024-01-02T03:04:05Z"}
    without = {"a": None, "b": None, "c": None}
    expected = f"{shown}, String, Datetime(time_unit='us', time_zone='UTC')"
    assert sent(predictor, row) == [expected]
    assert sent(predictor, without, row) == [expected, expected]


def test_missing_values_are_null(tmp_path: Path) -> None:
    predictor = load_saved(NullCounter(), tmp_path, 'takes = "polars"\n' + COLUMNS.format("int64"), proba=False)

    assert sent(predictor, {"a": 1, "b": "text", "c": None}, {}, {"a": 1}) == [1, 3, 2]


def test_texts_with_categories_are_an_enum(tmp_path: Path) -> None:
    table = '[[features]]\nname = "colour"\ncategories = ["red", "blue"]\nmissing = true\n'
    model = make_pipeline(FunctionTransformer(into_numbers), LinearRegression()).fit(
        pl.DataFrame({"colour": pl.Series(["red", "blue"], dtype=pl.Enum(["red", "blue"]))}), [10.0, 20.0]
    )
    predictor = load_saved(model, tmp_path, 'takes = "polars"\n' + table, proba=False)

    assert sent(predictor, {"colour": "red"}, {"colour": "blue"}) == pytest.approx([10.0, 20.0])


def test_a_tensor_is_no_column_of_polars(tmp_path: Path) -> None:
    path = save(Types(), tmp_path)
    path.with_suffix(".toml").write_text('takes = "polars"\n[[features]]\nname = "a"\nshape = [3]\n')

    with pytest.raises(ModelUnavailableError, match="expected features of single values for polars, got the tensor"):
        load_predictor(path)


def test_rows_and_batches_of_polars_have_the_same_answers(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(with_area), LinearRegression()).fit(BOXES, [2.0, 10.0, 3.0, 28.0])
    predictor = load_saved(model, tmp_path, proba=False, features=["width", "height"])
    alone = [sent(predictor, row)[0] for row in BOXES.to_dicts()]
    assert alone == sent(predictor, *BOXES.to_dicts())
