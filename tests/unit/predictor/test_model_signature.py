"""The signature: names given, then a sidecar, then the model's own names, then x0, x1, …"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.values.signature import Signature
from support.models import IRIS_NAMES, iris_forest, iris_logistic, save
from support.own_models import Doubler, Labeller, RowCounter

TENSOR = '[[features]]\nname = "image"\nshape = [2, 2]\n'


def _signature(model: Any, folder: Path, toml: str = "", **options: Any) -> Signature:
    path = save(model, folder)
    if toml:
        path.with_suffix(".toml").write_text(toml)
    return load_predictor(path, **options).info.signature


def _rejection(model: Any, folder: Path, toml: str = "", **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        _signature(model, folder, toml, **options)
    said = str(caught.value)
    assert said.startswith(str(folder / ("model.toml" if toml else "model.joblib")) + ": ")
    assert "\n" not in said
    return said


def _named(*names: str) -> str:
    return "\n".join(f"[[features]]\nname = {name!r}" for name in names)


def test_a_model_fitted_on_an_array_has_numbered_names(tmp_path: Path) -> None:
    assert _signature(iris_logistic(), tmp_path).names == ("x0", "x1", "x2", "x3")


def test_a_model_fitted_on_a_frame_has_its_columns_names(tmp_path: Path) -> None:
    assert _signature(iris_forest(2), tmp_path).names == tuple(IRIS_NAMES)


def test_a_sidecar_overrides_the_models_own_names(tmp_path: Path) -> None:
    assert _signature(iris_forest(2), tmp_path, _named("a", "b", "c", "d")).names == ("a", "b", "c", "d")


def test_names_given_stand_above_a_sidecar(tmp_path: Path) -> None:
    names = _signature(iris_forest(2), tmp_path, _named("a", "b", "c", "d"), features=["p", "q", "r", "s"]).names

    assert names == ("p", "q", "r", "s")


def test_a_named_sidecar_overrides_the_one_beside(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(_named("p", "q", "r", "s"))

    assert _signature(iris_forest(2), tmp_path, _named("a", "b", "c", "d"), sidecar=other).names[0] == "p"


def test_a_named_sidecar_that_is_missing_is_reported(tmp_path: Path) -> None:
    away = tmp_path / "away.toml"

    with pytest.raises(ModelUnavailableError, match=f"{away}: expected a readable sidecar: No such file"):
        _signature(iris_forest(2), tmp_path, sidecar=away)


def test_too_few_names_are_rejected_with_both_counts(tmp_path: Path) -> None:
    assert "expected 4 feature names, as many as the model takes, got 2: a, b" in _rejection(
        iris_forest(2), tmp_path, features=["a", "b"]
    )


def test_too_few_values_are_rejected_with_both_counts(tmp_path: Path) -> None:
    assert "expected features of 4 values in all, as many as the model takes, got 2" in _rejection(
        iris_forest(2), tmp_path, _named("a", "b")
    )


def test_a_tensor_counts_as_its_number_of_values(tmp_path: Path) -> None:
    (feature,) = _signature(iris_logistic(), tmp_path, TENSOR).features

    assert (feature.name, feature.shape) == ("image", (2, 2))


def test_the_models_own_names_in_another_order_are_rejected(tmp_path: Path) -> None:
    said = _rejection(iris_forest(2), tmp_path, features=[*IRIS_NAMES[1:], IRIS_NAMES[0]])

    assert f"expected the features in the model's order, {', '.join(IRIS_NAMES)}" in said


def test_a_model_without_facts_needs_its_features_declared(tmp_path: Path) -> None:
    assert "expected Doubler to say what it takes (n_features_in_)" in _rejection(Doubler(), tmp_path)


def test_a_sidecar_adds_what_a_model_lacks(tmp_path: Path) -> None:
    toml = """
        [[features]]
        name = "age"
        dtype = "int16"
        example = 42
        [[features]]
        name = "city"
        dtype = "string"
        missing = true
        example = "Bergen"
        [[features]]
        name = "scan"
        dtype = "float32"
        shape = [1, 2]
        example = [[0.5, 1]]
    """
    age, city, scan = _signature(Doubler(), tmp_path, toml, rows_per_call=1).features

    assert (age.dtype, age.missing, age.example) == ("int16", False, 42)
    assert (city.dtype, city.missing, city.example) == ("string", True, "Bergen")
    assert (scan.dtype, scan.shape, scan.example) == ("float32", (1, 2), [[0.5, 1]])


def test_a_sidecar_may_have_dates_as_text_or_in_toml(tmp_path: Path) -> None:
    toml = """
        [[features]]
        name = "day"
        dtype = "datetime"
        example = 2024-01-02
        [[features]]
        name = "at"
        dtype = "datetime_tz"
        missing = true
        example = 2024-01-02T03:04:05.5+01:00
        [[features]]
        name = "count"
        dtype = "int32"
        missing = true
        example = 3
        [[features]]
        name = "until"
        dtype = "datetime"
        example = "2024-01-02 03:04"
    """
    features = _signature(RowCounter(), tmp_path, toml, rows_per_call=1).features

    assert [feature.default_example() for feature in features] == [
        "2024-01-02", "2024-01-02T03:04:05.500000+01:00", 3, "2024-01-02 03:04",
    ]  # fmt: skip
    assert [feature.dtype for feature in features] == ["datetime", "datetime_tz", "int32", "datetime"]


def test_a_sidecar_may_say_the_kind(tmp_path: Path) -> None:
    signature = _signature(Labeller(), tmp_path, 'kind = "other"\n' + _named("a"))

    assert (signature.kind, signature.classes) == ("other", ())


def test_a_sidecar_without_features_leaves_them_to_the_model(tmp_path: Path) -> None:
    signature = _signature(iris_forest(2), tmp_path, 'kind = "other"\n')

    assert (signature.kind, signature.names) == ("other", tuple(IRIS_NAMES))


FEATURE = '[[features]]\nname = "a"\n'

WRONG = {
    "unknown entry": (FEATURE + "shap = [2]\n", ["expected no entry features[0].shap", "did you mean 'shape'?"]),
    "unknown table": ("knd = 'other'\n" + FEATURE, ["expected no entry knd", "did you mean 'kind'?"]),
    "unlike any entry": (FEATURE + "zzz = 1\n", ["features[0].zzz", "known are name, dtype, shape, missing, example"]),
    "dtype": (FEATURE + 'dtype = "float"\n', ["features[0].dtype", "'float64'", "got 'float'"]),
    "second feature": (FEATURE + FEATURE + "dtype = 7\n", ["features[1].dtype", "got 7"]),
    "kind": ("kind = 'guessing'\n" + FEATURE, ["kind", "'classification'", "got 'guessing'"]),
    "unknown in fingerprint": ("[fingerprint]\nfile = ['a']\n", ["expected no entry fingerprint.file", "'files'"]),
    "files as text": ("[fingerprint]\nfiles = 'a'\n", ["fingerprint.files", "got 'a'"]),
    "empty features": ("features = []\n", ["features", "at least 1"]),
    "no name": ("[[features]]\ndtype = 'bool'\n", ["features[0].name: field required"]),
    "reserved name": (FEATURE.replace('"a"', '"instances"'), ["'instances'", "reserved"]),
    "name twice": (FEATURE * 2, ["features[1].name: expected each feature once, got 'a' again"]),
    "bad toml": ("[[features]\n", ["line 1"]),
    "shape of nothing": (FEATURE + "shape = [0]\n", ["feature 'a'", "positive lengths", "[0]"]),
    "shape as text": (FEATURE + "shape = ['8']\n", ["features[0].shape[0]", "got '8'"]),
    "missing in a tensor": (FEATURE + "dtype='int8'\nshape=[2]\nmissing=true\n", ["feature 'a'", "tensors of floats"]),
    "missing as text": (FEATURE + "missing = 'yes'\n", ["features[0].missing", "got 'yes'"]),
    "tensor of strings": (FEATURE + "dtype='string'\nshape=[2]\n", ["feature 'a'", "one string"]),
    "example of text": (FEATURE + "example = '1.5'\n", ["feature 'a'", "expected a number", '"1.5"']),
    "example of a number": (FEATURE + "dtype='string'\nexample=5\n", ["feature 'a'", "expected a string, got 5"]),
    "example between": (FEATURE + "dtype='int8'\nexample=1.5\n", ["feature 'a'", "got 1.5"]),
    "example too large": (FEATURE + "dtype='int8'\nexample=300\n", ["feature 'a'", "from -128 to 127", "300"]),
    "example not finite": (FEATURE + "example=inf\n", ["feature 'a'", "finite", "Infinity"]),
    "example not bool": (FEATURE + "dtype='bool'\nexample=2\n", ["feature 'a'", "got 2"]),
    "example of a date": (FEATURE + "example = 2020-01-01\n", ["feature 'a'", "2020"]),
    "example without an offset": (
        FEATURE + "dtype='datetime_tz'\nexample=2020-01-01T00:00:00\n", ["feature 'a'", "with an offset"]
    ),
    "example of another shape": (FEATURE + "shape=[2]\nexample=[1,2,3]\n", ["feature 'a'", "a list of 2, got 3"]),
    "example without depth": (FEATURE + "shape=[2,1]\nexample=[1,2]\n", ["feature 'a'", "a list, got 1"]),
    "example for one value": (FEATURE + "example=[1]\n", ["feature 'a'", "got [1]"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_sidecar_is_rejected_with_its_name_and_entry(name: str, tmp_path: Path) -> None:
    toml, expected = WRONG[name]

    said = _rejection(Doubler(), tmp_path, toml)

    assert [part for part in expected if part not in said] == []


def test_a_sidecar_that_is_no_text_is_rejected(tmp_path: Path) -> None:
    path = save(Doubler(), tmp_path)
    path.with_suffix(".toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ModelUnavailableError, match=f"{path.with_suffix('.toml')}: "):
        load_predictor(path)


def test_a_reserved_feature_name_of_the_model_is_rejected(tmp_path: Path) -> None:
    model = DecisionTreeClassifier().fit(pd.DataFrame({"instances": [1.0, 2.0]}), [0, 1])

    assert "'instances', which is reserved" in _rejection(model, tmp_path)
