"""Values as text: what is read, and what is rejected with what words."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature
from foreseen.domain.values.text_values import read_text
from support.example_counts import examples
from support.random_instances import leaves, signatures


def rejection(feature: Feature, text: str) -> str:
    with pytest.raises(InvalidBatchError) as caught:
        read_text(feature, text)
    (violation,) = caught.value.violations
    assert violation.feature == feature.name
    assert violation.row is None
    return str(violation)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), ("-1.5", -1.5), ("+.5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1E-3", 0.001), ("0001", 1.0)],
)
def test_numbers_are_decimal(text: str, value: float) -> None:
    assert read_text(Feature("x"), text) == value


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("sign", ["", "+", "-"])
@pytest.mark.parametrize("zeros", [300, 301, 5000])
def test_zeros_before_a_number_never_change_it(dtype: Any, sign: str, zeros: int) -> None:
    ending = "0" if sign == "-" else "1"

    assert read_text(Feature("x", dtype), sign + "0" * zeros + ending) == int(ending)


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool"])
@pytest.mark.parametrize("ending", ["x", "e", ".x", ".e5e", "."])
def test_a_text_of_many_digits_is_gone_through_once(dtype: Any, ending: str) -> None:
    """Going back at each digit takes hours."""
    assert rejection(Feature("x", dtype), "1" * 300_000 + ending)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "0x10", "1_000", "1,5", " 1", "1 ", "1\n", "one", "\u0661", "1e", "--1"]
)
def test_a_non_decimal_number_is_rejected(text: str) -> None:
    assert rejection(Feature("x"), text).startswith("expected a number, got ")


@pytest.mark.parametrize("text", ["", "nan", "NaN"])
def test_an_empty_text_and_nan_are_a_missing_number(text: str) -> None:
    assert read_text(Feature("x", missing=True), text) is None


@pytest.mark.parametrize(
    "feature", [Feature("x"), Feature("x", "int8"), Feature("x", "bool"), Feature("x", "datetime")]
)
def test_a_rejected_empty_text_says_how_to_allow_it(feature: Feature) -> None:
    assert rejection(feature, "").endswith(
        ", got nothing; if it may be missing, declare missing = true for it in the sidecar"
    )


@pytest.mark.parametrize("dtype", ["int64", "bool", "datetime", "datetime_tz", "string", "float32"])
def test_an_empty_text_is_a_missing_value_of_any_kind(dtype: Any) -> None:
    assert read_text(Feature("x", dtype, missing=True), "") is None


def test_dates_and_times_are_read_with_their_offset_or_without() -> None:
    for dtype, right, wrong in [
        ("datetime", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z"),
        ("datetime_tz", "2024-01-02T04:04:05+01:00", "2024-01-02T03:04:05"),
    ]:
        feature = Feature("x", dtype)  # type: ignore[arg-type]
        assert read_text(feature, right) == 1_704_164_645 * 10**9
        assert rejection(feature, wrong).startswith("expected a date and time ")


@pytest.mark.parametrize(
    ("dtype", "text"), [("float64", "1e309"), ("float32", "1e39"), ("float32", "-3.4028235677973366e38")]
)
def test_a_number_beyond_its_dtype_is_rejected(dtype: Any, text: str) -> None:
    assert f"a finite {dtype} number" in rejection(Feature("x", dtype), text)


def test_the_largest_float32_is_read() -> None:
    assert read_text(Feature("x", "float32"), "3.4028235677973362e38") == 3.4028235677973362e38


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("text", ["9007199254740993", "-9007199254740993", "9" * 400, "9" * 5000])
def test_an_integer_that_no_float_equals_is_rejected(dtype: Any, text: str) -> None:
    assert "an integer from -" in rejection(Feature("x", dtype), text)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("text", ["9007199254740993", "-9007199254740993", "9" * 400])
def test_so_it_is_in_a_tensor(dtype: Any, text: str) -> None:
    assert "an integer from -2^53 to 2^53" in rejection(Feature("x", dtype, (2,)), f"[1,{text}]")


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("3.0", 3), ("3.", 3), ("1e2", 100), ("-0.0", 0), ("True", 1)])
def test_an_integer_may_be_written_as_an_equal_number(text: str, value: int) -> None:
    assert (read_text(Feature("x", "int8"), text), type(read_text(Feature("x", "int8"), text))) == (value, int)


@pytest.mark.parametrize(("text", "value"), [("True", 1), ("false", 0), ("TRUE", 1)])
def test_true_and_false_are_numbers_to_a_number(text: str, value: float) -> None:
    assert read_text(Feature("x"), text) == value


@pytest.mark.parametrize("text", ["3.5", "1e-1", "", "x", " 1", "t", "1e999"])
def test_a_non_integer_is_rejected(text: str) -> None:
    assert rejection(Feature("x", "int8"), text).startswith("expected an integer, got ")


@pytest.mark.parametrize("text", ["128", "-129", "128.0", "1e3"])
def test_an_integer_beyond_its_dtype_is_rejected(text: str) -> None:
    assert rejection(Feature("x", "int8"), text) == f'expected an integer from -128 to 127, got "{text}"'


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("False", False), ("TRUE", True), ("t", True), ("F", False), ("1", True), ("0", False)],
)
def test_bools_are_words_or_digits(text: str, value: bool) -> None:
    assert read_text(Feature("x", "bool"), text) is value


@pytest.mark.parametrize("text", ["yes", "2", "", " true"])
def test_other_words_are_no_bools(text: str) -> None:
    assert rejection(Feature("x", "bool"), text).startswith("expected true or false, got ")


def test_strings_are_taken_as_they_stand() -> None:
    assert read_text(Feature("x", "string"), " a,ü ") == " a,ü "
    assert read_text(Feature("x", "string"), "") == ""
    assert read_text(Feature("x", "string", missing=True), "") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2", "expected a JSON list of 2 x 1 numbers"),
        ("[[1],[2],[3]]", "expected a list of 2, got 3"),
        ("[[1],2]", "expected a list, got 2"),
        ("[[1],[null]]", "expected a number, got null"),
        ('[[1],["2"]]', 'expected a number, got "2"'),
        ("[" * 100_000, "expected a JSON list of 2 x 1 numbers"),
    ],
)
def test_a_tensor_of_another_form_is_rejected(text: str, said: str) -> None:
    assert rejection(Feature("x", shape=(2, 1)), text).startswith(said)


def test_the_violation_of_a_tensor_has_its_position() -> None:
    with pytest.raises(InvalidBatchError) as caught:
        read_text(Feature("x", "int8", (2, 2)), "[[1,2],[3,4.5]]")

    assert caught.value.violations[0].position == (1, 1)


@settings(max_examples=examples(66), deadline=None)
@given(signatures().map(lambda signature: signature.features[0]).filter(lambda feature: not feature.shape), st.data())
def test_a_value_written_as_python_writes_it_is_read_back(feature: Feature, data: st.DataObject) -> None:
    value = data.draw(leaves(feature))
    text = "" if value is None else str(np.datetime64(value, "ns")) if feature.dtype in DATETIMES else str(value)
    text += "Z" if text and feature.dtype == "datetime_tz" else ""
    made = [Batch.of(Signature((feature,)), {feature.name: [each]}) for each in (value, read_text(feature, text))]

    if feature.dtype == "string" and value in ("", None):
        assert made[1].columns[0][0] == (None if feature.missing else "")
    else:
        np.testing.assert_array_equal(made[0].columns[0], made[1].columns[0])


@settings(max_examples=examples(100), deadline=None)
@given(
    signatures().map(lambda signature: signature.features[0]),
    st.text("0123456789.eE+-nainfINF[], truefals", max_size=30),
)
@example(Feature("x", shape=(1,)), "[" + "9" * 400 + "]")
@example(Feature("x", "float32", shape=(1,)), "[1e39]")
@example(Feature("x", shape=(1,)), "[NaN]")
@example(Feature("x", "bool", shape=(1,)), "[1]")
def test_any_text_is_read_or_rejected_as_the_callers_fault(feature: Feature, text: str) -> None:
    try:
        value = read_text(feature, text)
        column = Batch.of(Signature((feature,)), {feature.name: [value]}).columns[0]
    except InvalidBatchError:
        return
    assert feature.missing or feature.dtype not in FLOATS or np.isfinite(column).all()
