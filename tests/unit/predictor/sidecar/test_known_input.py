"""What a file format says of a model's input overrides what the model records; names and the sidecar override it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_object
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from support.models import iris_forest
from support.tensor_models import Recorder

IMAGE = FeatureTable(name="image", dtype="float32", shape=[2, 3], example=[[1, 2, 3], [4, 5, 6]])
CITY = FeatureTable(name="city", dtype="string", example="Oslo")
AGE = FeatureTable(name="age", dtype="int64", missing=True)
TENSORS = KnownInput((IMAGE, CITY, AGE), "tensors")
INSTANCE = {"image": [[1, 2, 3], [4, 5, 6]], "city": "Rome", "age": None}


def load(model: object, known: KnownInput | None, folder: Path, toml: str = "", **options: Any) -> Predictor:
    path = folder / "model.own"
    path.write_bytes(b"of a format of its own")
    sidecar = folder / "model.toml" if toml else None
    if sidecar is not None:
        sidecar.write_text(toml)
    defaults: dict[str, Any] = {"outputs": ["predict"], "features": None, "missing": ()}
    settings: dict[str, Any] = defaults | {"calls": CallOptions(0), "threads": 1, "code": None} | options
    with open_model_file(path) as file:
        return predictor_of_object(
            file, LoadOptions(sidecar=sidecar, known_input=known, **settings), lambda *_: model, LoadedFormat("own")
        )


def rejection(model: object, known: KnownInput, folder: Path, toml: str = "", **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load(model, known, folder, toml, **options)
    said = str(caught.value)
    assert said.startswith(str(folder / ("model.toml" if toml else "model.own")) + ": ")
    assert "\n" not in said
    return said


def accepted(predictor: Predictor) -> list[tuple[str, str, tuple[int, ...], bool]]:
    features = predictor.info.signature.features
    return [(each.name, each.dtype, each.shape, each.missing) for each in features]


def test_features_are_those_that_the_file_describes(tmp_path: Path) -> None:
    predictor = load(Recorder(), TENSORS, tmp_path)

    assert accepted(predictor) == [
        ("image", "float32", (2, 3), False), ("city", "string", (), False), ("age", "int64", (), True)
    ]  # fmt: skip
    assert predictor.info.signature.example_instance()["city"] == "Oslo"
    assert predictor.info.model_input.takes == "tensors"


def test_a_model_of_tensors_is_given_arrays_by_name(tmp_path: Path) -> None:
    model = Recorder()
    predictor = load(model, TENSORS, tmp_path)
    predictor.predict(Batch.of(predictor.info.signature, {name: [value] * 3 for name, value in INSTANCE.items()}))

    assert list(model.given) == ["image", "city", "age"]
    assert (model.given["image"].shape, model.given["image"].dtype) == ((3, 2, 3), np.float32)
    assert model.given["image"].tolist() == [INSTANCE["image"]] * 3
    assert (model.given["city"].dtype, model.given["city"].tolist()) == (object, ["Rome"] * 3)
    assert (model.given["age"].dtype, model.given["age"].shape) == (np.float64, (3,))  # integers have no NaN
    assert np.isnan(model.given["age"]).all()


def test_operators_names_rename_what_the_file_describes(tmp_path: Path) -> None:
    model = Recorder()
    predictor = load(model, TENSORS, tmp_path, features=["photo", "place", "years"])

    assert [feature[:2] for feature in accepted(predictor)] == [
        ("photo", "float32"), ("place", "string"), ("years", "int64")
    ]  # fmt: skip
    assert list(model.given) == ["image", "city", "age"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], "expected 3 feature names, as many as the model takes, got 2: a, b"),
        (["city", "image", "age"], "expected the features in the model's order, image, city, age, got city, image"),
    ],
)
def test_operators_names_must_fit_what_the_file_describes(names: list[str], expected: str, tmp_path: Path) -> None:
    assert expected in rejection(Recorder(), TENSORS, tmp_path, features=names)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[[features]]\nname = "age"\ndtype = "float32"', ("age", "float32", (), True)),
        ('[[features]]\nname = "age"\nmissing = false', ("age", "int64", (), False)),
        ('[[features]]\nname = "image"\nshape = [3, 2]', ("image", "float32", (3, 2), False)),
        ('[[features]]\nname = "photo"\n[[features]]\nname = "city"\n[[features]]\nname = "age"',
         ("photo", "float32", (2, 3), False)),
    ],
)  # fmt: skip
def test_a_sidecar_overrides_the_file_key_by_key(toml: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    found = accepted(load(Recorder(), TENSORS, tmp_path, toml))

    assert expected in found
    assert len(found) == 3


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[[features]]\nname = "imgae"', "got 'imgae'; did you mean 'image'?"),
        ('[[features]]\nname = "image"\nshape = [2, 2]', "expected features of 8 values in all, as many as the model"),
        ('[[features]]\nname = "other"', "expected features of 8 values in all, as many as the model takes, got 1"),
        ('[[features]]\nname = "city"\n[[features]]\nname = "image"\n[[features]]\nname = "years"',
         "the model's are image, city, age"),
    ],
)  # fmt: skip
def test_a_sidecar_that_does_not_fit_the_file_is_rejected(toml: str, expected: str, tmp_path: Path) -> None:
    assert expected in rejection(Recorder(), TENSORS, tmp_path, toml)


def test_a_sidecar_decides_the_form(tmp_path: Path) -> None:
    known = KnownInput((AGE, FeatureTable(name="height")), "array")
    predictor = load(Recorder(), known, tmp_path, 'takes = "tensors"')

    assert predictor.info.model_input.takes == "tensors"
    assert [name for name, *_ in accepted(predictor)] == ["age", "height"]


def test_the_file_overrides_what_the_model_records(tmp_path: Path) -> None:
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    tables = tuple(FeatureTable(name=name, dtype="float32" if "width" in name else None) for name in names)
    predictor = load(iris_forest(2), KnownInput(tables), tmp_path)

    assert [feature[:2] for feature in accepted(predictor)] == [
        (names[0], "float64"), (names[1], "float32"), (names[2], "float64"), (names[3], "float32")
    ]  # fmt: skip
    assert predictor.info.model_input.takes == "frame"


def test_the_form_of_tensors_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    by_shape = [
        load(Recorder(), KnownInput((FeatureTable(name="image", dtype="float32", shape=shape),), "tensors"), tmp_path)
        for shape in ([2, 3], [3, 2], [6])
    ]

    assert len({predictor.info.fingerprint for predictor in by_shape}) == len(by_shape)
    again = load(Recorder(), KnownInput((IMAGE,), "tensors"), tmp_path)
    assert again.info.fingerprint == by_shape[0].info.fingerprint


def test_an_example_that_a_sidecar_makes_wrong_is_left_out(tmp_path: Path) -> None:
    predictor = load(Recorder(), TENSORS, tmp_path, '[[features]]\nname = "city"\ndtype = "int8"')

    assert predictor.info.signature.features[1].example is None
