"""A column that reaches code of a user's own is what the evidence says; where that says nothing, it is in doubt."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.feature_values import read_value
from support.loaded_models import dtypes, load_saved, own_answers, sent
from support.own_functions import (
    Frequencies,
    TextTransformer,
    as_text,
    crossed,
    filled,
    hours,
    hours_in_berlin,
    inverted,
    last_bits,
    lengths,
    remainders,
    seconds,
)

N = 120
THIRDS = np.arange(N) % 3
OTHERS = np.arange(N) // 3 % 4
NUMBERS = np.linspace(-1, 1, N).round(3)
TARGET = ((THIRDS == 2) ^ (NUMBERS > 0.7)).astype(int)
DATES = pd.Series(pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(N) * 17, unit="h"))
SAID = "nothing says what the model was fitted on"


def of_own_code(part: Any, **columns: Any) -> tuple[Any, pd.DataFrame]:
    """Return a model that hands some columns to a part and a number on as it is, and the frame of its training."""
    frame = pd.DataFrame(columns).assign(number=NUMBERS)
    routed = ColumnTransformer([("own", part, list(columns))], remainder="passthrough")
    return make_pipeline(routed, LogisticRegression()).fit(frame, TARGET), frame


def encoded(function: Any) -> Any:
    """Return a function with an encoder behind it that ignores what it does not know."""
    own = FunctionTransformer(function) if callable(function) else function
    return make_pipeline(own, OneHotEncoder(handle_unknown="ignore"))


def first_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of the frame as clients send them."""
    rows: list[dict[str, Any]] = json.loads(frame[:6].to_json(orient="records", date_format="iso"))
    return rows


def same_as_the_model(predictor: Predictor, model: Any, frame: pd.DataFrame) -> bool:
    """Return whether rows of the training frame are answered as by the model itself."""
    return sent(predictor, *first_rows(frame)) == own_answers(model, frame[:6])


def doubt_of(predictor: Predictor) -> str:
    """Return the one doubt."""
    (doubt,) = predictor.info.model_input.doubts
    return doubt


TEXTS = np.array(["x", "y", "z"])[THIRDS]
CROSSED = {
    "two integers": {"a": THIRDS + 1, "b": OTHERS},
    "an integer and a text": {"a": OTHERS, "b": TEXTS},
    "a text and a bool": {"a": TEXTS, "b": OTHERS > 1},
    "three integers": {"a": THIRDS + 1, "b": OTHERS, "c": OTHERS % 2},
}


@pytest.mark.parametrize("name", CROSSED)
def test_columns_crossed_into_one_text_are_what_the_encoder_knows(name: str, tmp_path: Path) -> None:
    model, frame = of_own_code(encoded(crossed), **CROSSED[name])
    predictor = load_saved(model, tmp_path)

    assert same_as_the_model(predictor, model, frame)
    assert predictor.info.model_input.doubts == ()


FOUND = {
    "bools of an own encoder": (Frequencies(), {"a": THIRDS > 1}, {"a": "bool"}),
    "texts of an own encoder": (Frequencies(), {"a": TEXTS, "b": OTHERS}, {"a": "string"}),
    "decimals": (encoded(as_text), {"a": (THIRDS + 1) / 10}, {"a": "float64"}),
    "texts with digits": (encoded(as_text), {"a": np.array(["1", "2", "x"])[THIRDS]}, {"a": "string"}),
    "texts, integers and bools": (
        encoded(TextTransformer()),
        {"a": TEXTS, "b": OTHERS, "c": THIRDS > 1},
        {"a": "string", "b": "int64", "c": "bool"},
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_dtype_that_the_code_recognises_is_found(name: str, tmp_path: Path) -> None:
    part, columns, expected = FOUND[name]
    model, frame = of_own_code(part, **columns)
    predictor = load_saved(model, tmp_path)

    assert same_as_the_model(predictor, model, frame)
    assert predictor.info.model_input.doubts == ()
    assert expected.items() <= dtypes(predictor.info.signature).items()


NULLABLE = pd.Series(THIRDS + 1, dtype="Int64").where(THIRDS < 2)

MISSING = {
    "texts": (filled, np.array(["a", "b", None], dtype=object)[THIRDS]),
    "nullable integers": (as_text, NULLABLE),
    "floats": (as_text, np.where(THIRDS == 2, np.nan, THIRDS + 0.5)),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_value_whose_meaning_the_encoder_knows_is_taken(name: str, tmp_path: Path) -> None:
    function, values = MISSING[name]
    model, frame = of_own_code(encoded(function), a=values)
    predictor = load_saved(model, tmp_path)

    assert sent(predictor, {"a": None, "number": NUMBERS[2]}) == own_answers(model, frame[2:3])
    assert same_as_the_model(predictor, model, frame)


def test_a_text_that_never_was_missing_may_not_be(tmp_path: Path) -> None:
    model, _ = of_own_code(encoded(filled), a=TEXTS)

    assert not load_saved(model, tmp_path).info.signature.features[0].missing


@pytest.mark.parametrize("function", [inverted, lengths])
def test_bools_that_integers_also_fit_are_reported(function: Any, tmp_path: Path) -> None:
    model, frame = of_own_code(FunctionTransformer(function), a=THIRDS > 1)
    predictor = load_saved(model, tmp_path)

    assert doubt_of(predictor).startswith(f"a: {SAID}")
    assert '"bool"' in doubt_of(predictor)
    assert predictor.info.model_input.findings == ()
    declared = load_saved(model, tmp_path, '[[features]]\nname = "a"\ndtype = "bool"\n')
    assert same_as_the_model(declared, model, frame)


def test_bits_equal_for_bools_and_integers_are_not_reported(tmp_path: Path) -> None:
    model, frame = of_own_code(FunctionTransformer(last_bits), a=THIRDS > 1)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.model_input.doubts == ()
    assert same_as_the_model(predictor, model, frame)


def test_a_unit_of_dates_that_changes_answers_is_reported(tmp_path: Path) -> None:
    own = make_pipeline(FunctionTransformer(seconds), StandardScaler())
    model, frame = of_own_code(own, a=DATES.astype("datetime64[ns]"))

    doubt = doubt_of(load_saved(model, tmp_path))
    assert all(unit in doubt for unit in ('"datetime64[ns]"', '"datetime64[us]"'))  # in whose order pandas differs
    declared = load_saved(model, tmp_path, '[[features]]\nname = "a"\ndtype = "datetime64[ns]"\n')
    rows = [{"a": frame["a"][at].isoformat(), "number": NUMBERS[at]} for at in range(6)]
    assert sent(declared, *rows) == own_answers(model, frame[:6])


def test_dates_whose_time_zone_changes_answers_are_reported(tmp_path: Path) -> None:
    model, _ = of_own_code(FunctionTransformer(hours), a=DATES.dt.tz_localize("UTC"))
    predictor = load_saved(model, tmp_path)

    assert '"datetime_tz"' in doubt_of(predictor)
    with pytest.raises(InvalidBatchError, match=r'name = "a", dtype = "datetime_tz"'):
        read_value(predictor.info.signature.features[0], "2024-01-02T03:04:05Z")


def test_code_that_converts_time_zones_is_given_instants(tmp_path: Path) -> None:
    model, frame = of_own_code(FunctionTransformer(hours_in_berlin), a=DATES.dt.tz_localize("UTC"))
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature)["a"] == "datetime_tz"
    rows = [{"a": frame["a"][at].isoformat(), "number": NUMBERS[at]} for at in range(6)]
    assert sent(predictor, *rows) == own_answers(model, frame[:6])


def test_values_that_no_encoder_knows_in_any_dtype_are_reported(tmp_path: Path) -> None:
    ids = np.array([99_000_017, 99_000_023, 99_000_031])[THIRDS]
    model, _ = of_own_code(encoded(remainders), a=ids)

    assert "its encoders know 0%" in doubt_of(load_saved(model, tmp_path))


def test_text_for_a_guessed_number_names_the_declaration(tmp_path: Path) -> None:
    model, frame = of_own_code(encoded(as_text), a=np.array(["1", "2", "3"])[THIRDS])
    predictor = load_saved(model, tmp_path)

    with pytest.raises(InvalidBatchError, match=r'nothing says .* is int64; .* name = "a", dtype = "string"'):
        read_value(predictor.info.signature.features[0], "3")
    assert sent(predictor, {"a": 3, "number": NUMBERS[2]}) == own_answers(model, frame[2:3])


def test_numbers_for_texts_of_digits_name_the_declaration(tmp_path: Path) -> None:
    model, _ = of_own_code(encoded(as_text), a=np.array(["1", "2", "x"])[THIRDS])

    with pytest.raises(InvalidBatchError, match=r'nothing says .* is string; .* name = "a", dtype = "int64"'):
        read_value(load_saved(model, tmp_path).info.signature.features[0], 1)


def test_a_finding_names_no_dtype_that_is_answered_as_well(tmp_path: Path) -> None:
    model, _ = of_own_code(encoded(as_text), a=OTHERS)
    (finding,) = load_saved(model, tmp_path).info.model_input.findings

    assert finding.startswith("a: int64, since with float64 or bool the model's own code fails")
    assert finding.endswith("; string would get the same answers")
