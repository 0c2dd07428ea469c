"""A model is given the dtypes it was fitted on: those that its parts keep, and those that a few calls show."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from foreseen.domain.errors import ModelUnavailableError
from support.loaded_models import dtypes, load_saved, own_answers, sent
from support.own_functions import (
    TextTransformer,
    as_text,
    as_text_array,
    doubled,
    into_classes,
    parts_of_dates,
    with_area,
)

STORES = pd.DataFrame({"store": [1, 2, 3, 4] * 25, "price": np.linspace(1, 2, 100)})
IS_THIRD = (STORES["store"] == 3).astype(int)
HALVES = [0, 1] * 50


def _of_stores(encoder: Any) -> Any:
    return make_pipeline(
        ColumnTransformer([("c", encoder, ["store"]), ("p", "passthrough", ["price"])]), LogisticRegression()
    )


INTO_TEXT = {
    "function": FunctionTransformer(as_text),
    "function to an array": FunctionTransformer(as_text_array),
    "own transformer": TextTransformer(),
}


@pytest.mark.parametrize("name", INTO_TEXT)
def test_integers_that_own_code_turns_into_text_stay_integers(name: str, tmp_path: Path) -> None:
    model = _of_stores(make_pipeline(INTO_TEXT[name], OneHotEncoder(handle_unknown="ignore"))).fit(STORES, IS_THIRD)
    predictor = load_saved(model, tmp_path)

    assert sent(predictor, {"store": 3, "price": 1.5}) == own_answers(
        model, pd.DataFrame({"store": [3], "price": [1.5]})
    )
    assert dtypes(predictor.info.signature) == {"store": "int64", "price": "float64"}
    assert any("store: int64" in finding for finding in predictor.info.model_input.findings)


def test_floats_that_own_code_turns_into_text_stay_floats(tmp_path: Path) -> None:
    frame = STORES.assign(store=STORES["store"].astype(float))
    model = _of_stores(make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore")))
    predictor = load_saved(model.fit(frame, IS_THIRD), tmp_path)

    assert sent(predictor, {"store": 3, "price": 1.5}) == own_answers(model, frame[2:3].assign(price=1.5))
    assert predictor.info.model_input.doubts == ()


def test_bools_that_own_code_turns_into_text_stay_bools(tmp_path: Path) -> None:
    frame = STORES.assign(store=STORES["store"] > 2)
    model = _of_stores(make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore")))
    predictor = load_saved(model.fit(frame, IS_THIRD), tmp_path)

    assert sent(predictor, {"store": True, "price": 1.5}) == own_answers(model, frame[2:3].assign(price=1.5))


def test_an_array_of_integers_is_one_as_a_whole(tmp_path: Path) -> None:
    array = np.array([[1, 7], [2, 8], [3, 9], [4, 7]] * 10)
    model = make_pipeline(FunctionTransformer(as_text_array), OneHotEncoder(), LogisticRegression())
    predictor = load_saved(model.fit(array, [0, 0, 1, 0] * 10), tmp_path)

    assert sent(predictor, {"x0": 3, "x1": 9}) == own_answers(model, array[2:3])


def test_a_guess_that_matters_is_logged_and_kept_for_inspect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from support.own_functions import Weekday  # noqa: PLC0415

    with caplog.at_level(logging.WARNING):
        predictor = load_saved(Weekday(), tmp_path, proba=False, features=["day"])

    (doubt,) = predictor.info.model_input.doubts
    assert (
        "day: nothing says what the model was fitted on, and its own code answers differently for int64, bool" in doubt
    )
    assert 'name = "day", dtype = "int64"' in doubt
    assert doubt in caplog.text


def test_a_guess_without_consequence_is_not_logged(tmp_path: Path) -> None:
    model = make_pipeline(
        ColumnTransformer([("d", FunctionTransformer(doubled), ["store", "price"])]), LogisticRegression()
    )

    assert load_saved(model.fit(STORES, IS_THIRD), tmp_path).info.model_input.doubts == ()


def test_a_sidecar_settles_a_guess(tmp_path: Path) -> None:
    from support.own_functions import Weekday  # noqa: PLC0415

    toml = '[[features]]\nname = "day"\ndtype = "int64"\n'
    predictor = load_saved(Weekday(), tmp_path, toml, proba=False)

    assert sent(predictor, {"day": 12}) == [2]
    assert predictor.info.model_input.doubts == ()


def test_float32_categories_are_found_again(tmp_path: Path) -> None:
    frame = pd.DataFrame({"dose": np.array([0.1, 0.2, 0.3, 0.4] * 25, np.float32), "price": STORES["price"]})
    columns = ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), ["dose"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(frame, IS_THIRD)
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature)["dose"] == "float32"
    assert sent(predictor, {"dose": 0.3, "price": 1.5}) == own_answers(model, frame[2:3].assign(price=1.5))
    assert predictor.info.signature.features[0].default_example() == 0.1


def test_a_scaler_fitted_on_float32_is_given_float32(tmp_path: Path) -> None:
    frame = STORES[["price"]].astype(np.float32)
    model = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(frame, HALVES)
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature) == {"price": "float32"}
    assert sent(predictor, {"price": 1.1}) == own_answers(model, pd.DataFrame({"price": [1.1]}, dtype=np.float32))


KEPT: dict[str, tuple[Any, Any, str, Any]] = {
    "one-hot of integers": (OneHotEncoder(), [1, 2, 3, 4], "int64", 3),
    "one-hot of bools": (OneHotEncoder(), [True, False, True, False], "bool", True),
    "one-hot of floats": (OneHotEncoder(), [0.5, 1.5, 0.5, 2.5], "float64", 1.5),
    "one-hot of small integers": (OneHotEncoder(), np.array([1, 2, 3, 4], np.int8), "int64", 3),
    "one-hot of texts": (OneHotEncoder(), ["a", "b", "c", "d"], "string", "c"),
    "ordinal of integers": (OrdinalEncoder(), [10, 20, 30, 40], "int64", 30),
    "target encoder": (TargetEncoder(cv=2), [10, 20, 30, 40], "int64", 30),
    "imputed first": (make_pipeline(SimpleImputer(), OneHotEncoder()), [1.0, 2.0, 3.0, 4.0], "float64", 3.0),
    "bins": (KBinsDiscretizer(2, strategy="uniform", subsample=None), [1.0, 2.0, 3.0, 4.0], "float64", 3.0),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_a_step_gets_the_dtype_it_was_fitted_on(name: str, tmp_path: Path) -> None:
    encoder, values, dtype, one = KEPT[name]
    frame = STORES.assign(store=np.tile(np.asarray(values, dtype=None if dtype != "string" else object), 25))
    model = _of_stores(encoder).fit(frame, IS_THIRD)
    predictor = load_saved(model, tmp_path)
    at = list(values).index(one)

    assert dtypes(predictor.info.signature)["store"] == dtype
    assert sent(predictor, {"store": one, "price": 1.5}) == own_answers(model, frame[at : at + 1].assign(price=1.5))


AROUND = {
    "grid search": lambda model: GridSearchCV(model, {}, cv=2),
    "vote": lambda model: VotingClassifier([("m", model)], voting="soft"),
    "calibration": lambda model: CalibratedClassifierCV(model, cv=2),
    "pipeline": make_pipeline,
}


@pytest.mark.parametrize("name", AROUND)
def test_dtypes_are_found_inside_what_is_around_a_model(name: str, tmp_path: Path) -> None:
    model = AROUND[name](_of_stores(OneHotEncoder(handle_unknown="ignore"))).fit(STORES, IS_THIRD)

    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature) == {"store": "int64", "price": "float64"}
    assert sent(predictor, {"store": 3, "price": 1.5}) == own_answers(
        model, pd.DataFrame({"store": [3], "price": [1.5]})
    )


def test_a_passed_through_column_is_found_in_the_next_step(tmp_path: Path) -> None:
    first = make_column_transformer((StandardScaler(), ["price"]), remainder="passthrough").set_output(
        transform="pandas"
    )
    second = make_column_transformer((OneHotEncoder(), ["remainder__store"]), remainder="passthrough")
    model = make_pipeline(first, second, LogisticRegression()).fit(STORES, IS_THIRD)

    assert dtypes(load_saved(model, tmp_path).info.signature) == {"store": "int64", "price": "float64"}


DATES = pd.DataFrame(
    {
        "start": pd.date_range("2024-01-01", periods=100, freq="7h"),
        "end": pd.date_range("2024-03-01", periods=100, freq="5h"),
        "price": STORES["price"],
    }
)


def test_many_dates_are_found_in_parts_of_their_own(tmp_path: Path) -> None:
    frame = pd.DataFrame({f"d{n}": pd.date_range("2024-01-01", periods=100, freq=f"{n + 3}h") for n in range(4)})
    parts = [(f"d{n}", FunctionTransformer(parts_of_dates), [f"d{n}"]) for n in (3, 1, 0, 2)]
    model = make_pipeline(ColumnTransformer(parts), LogisticRegression()).fit(frame, HALVES)

    assert set(dtypes(load_saved(model, tmp_path).info.signature).values()) == {"datetime"}


@pytest.mark.parametrize("names", [["start"], ["start", "end"]], ids=["one", "two"])
def test_dates_are_found_where_own_code_rejects_numbers(names: list[str], tmp_path: Path) -> None:
    columns = ColumnTransformer([("d", FunctionTransformer(parts_of_dates), names), ("p", StandardScaler(), ["price"])])
    model = make_pipeline(columns, LogisticRegression()).fit(DATES[[*names, "price"]], HALVES)
    predictor = load_saved(model, tmp_path)

    assert [dtypes(predictor.info.signature)[name] for name in names] == ["datetime"] * len(names)
    row = DATES[[*names, "price"]][40:41]
    instance = {name: row[name].iloc[0].isoformat() for name in names} | {"price": float(row["price"].iloc[0])}
    assert sent(predictor, instance) == own_answers(model, row)


def test_a_date_with_a_zone_keeps_its_zone(tmp_path: Path) -> None:
    frame = DATES.assign(start=DATES["start"].dt.tz_localize("Europe/Oslo", ambiguous="NaT", nonexistent="NaT"))
    columns = ColumnTransformer([("d", FunctionTransformer(parts_of_dates), ["start"])])
    model = make_pipeline(columns, LogisticRegression()).fit(frame[:50], HALVES[:50])
    toml = '[[features]]\nname = "start"\ndtype = "datetime64[ns, Europe/Oslo]"\n'

    predictor = load_saved(model, tmp_path, toml)

    row = frame[40:41]
    assert sent(predictor, {"start": row["start"].iloc[0].isoformat()}) == own_answers(model, row)


def test_columns_are_found_after_a_first_step_of_own_code(tmp_path: Path) -> None:
    frame = pd.DataFrame({"width": [1.0, 2.0] * 20, "height": [3.0, 5.0] * 20, "colour": ["red", "blue"] * 20})
    columns = make_column_transformer((StandardScaler(), ["width", "area"]), (OneHotEncoder(), ["colour"]))
    model = make_pipeline(FunctionTransformer(with_area), columns, LogisticRegression()).fit(frame, [0, 1] * 20)
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature) == {"width": "float64", "height": "float64", "colour": "string"}
    assert sent(predictor, {"width": 1, "height": 3, "colour": "red"}) == own_answers(model, frame[:1])


PANDAS = {
    "Int64": ([1, 2, None, 4], 2),
    "boolean": ([True, False, None, True], False),
    "Float64": ([0.5, 1.5, None, 2.5], 1.5),
    "string[python]": (["a", "b", None, "d"], "b"),
    "category": (["a", "b", None, "d"], "b"),
}


@pytest.mark.parametrize("dtype", PANDAS)
def test_a_sidecar_may_declare_a_dtype_of_pandas(dtype: str, tmp_path: Path) -> None:
    values, one = PANDAS[dtype]
    frame = pd.DataFrame({"a": pd.Series(values, dtype=dtype)})
    extra = 'categories = ["a", "b", "d"]\n' if dtype == "category" else ""
    toml = f'[[features]]\nname = "a"\ndtype = "{dtype}"\nmissing = true\n{extra}'
    predictor = load_saved(DtypeTeller(), tmp_path, f'takes = "frame"\n{toml}', proba=False)

    assert sent(predictor, {"a": one}, {"a": None}) == [f"{frame['a'].dtype}: {one}", f"{frame['a'].dtype}: missing"]


class DtypeTeller:
    """Answers with the dtype of its column, and its values."""

    def predict(self, frame: Any) -> list[str]:
        column = frame["a"]
        return [f"{column.dtype}: {'missing' if pd.isna(value) else value}" for value in column]


def test_boosting_on_histograms_is_given_its_integer_categories(tmp_path: Path) -> None:
    frame = STORES.assign(store=STORES["store"].astype("category"))
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype").fit(frame, IS_THIRD)
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature)["store"] == "int64"
    assert sent(predictor, {"store": 3, "price": 1.5}) == own_answers(model, frame[2:3].assign(price=1.5))


def test_numbers_that_own_code_bins_stay_numbers(tmp_path: Path) -> None:
    frame = STORES.assign(store=STORES["store"] * 10)
    model = _of_stores(make_pipeline(FunctionTransformer(into_classes), OneHotEncoder(handle_unknown="ignore")))
    predictor = load_saved(model.fit(frame, IS_THIRD), tmp_path)

    assert dtypes(predictor.info.signature)["store"] == "float64"
    assert sent(predictor, {"store": 30, "price": 1.5}) == own_answers(model, frame[2:3].assign(price=1.5))


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder()])
def test_categories_of_half_floats_are_found_by_their_decimal_text(encoder: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame({"share": np.array([0.3, 0.7, 1.5, 0.1] * 10, dtype=np.float16)})
    model = make_pipeline(encoder, LogisticRegression()).fit(frame, [0, 1, 1, 0] * 10)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.signature.features[0].values == (0.1, 0.3, 0.7, 1.5)
    assert sent(predictor, {"share": 0.3}, {"share": 0.7}) == own_answers(model, frame[:2])


def test_own_code_that_takes_durations_is_rejected_with_advice(tmp_path: Path) -> None:
    frame = pd.DataFrame({"wait": pd.to_timedelta(np.arange(40) % 4, unit="h")})
    model = make_pipeline(FunctionTransformer(in_seconds), LogisticRegression()).fit(frame, [0, 1] * 20)

    with pytest.raises(ModelUnavailableError, match=r"no dtype for durations.*pd.to_timedelta"):
        load_saved(model, tmp_path, features=["wait"])


def in_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    """Make numbers of durations."""
    return frame.apply(lambda column: column.dt.total_seconds())
