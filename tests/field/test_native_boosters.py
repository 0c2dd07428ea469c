"""Files that LightGBM and XGBoost wrote, and Boosters that joblib saved, answer as the estimators they came from."""

import json
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from support.loaded_models import dtypes, own_answers, sent
from support.models import save

lightgbm: Any = import_module("lightgbm")
xgboost: Any = import_module("xgboost")

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True, as_frame=True)
FEW: dict[str, Any] = {"n_estimators": 4, "n_jobs": 1, "random_state": 0}

LIGHTGBM: dict[str, Callable[[], Any]] = {
    "two classes": lambda: lightgbm.LGBMClassifier(**FEW, verbose=-1).fit(IRIS, SPECIES == 2),
    "three classes": lambda: lightgbm.LGBMClassifier(**FEW, verbose=-1).fit(IRIS, SPECIES),
    "one against the rest": lambda: lightgbm.LGBMClassifier(objective="multiclassova", **FEW, verbose=-1).fit(
        IRIS, SPECIES
    ),
}
XGBOOST: dict[str, Callable[[], Any]] = {
    "two classes": lambda: xgboost.XGBClassifier(**FEW).fit(IRIS, SPECIES == 2),
    "three classes": lambda: xgboost.XGBClassifier(**FEW).fit(IRIS, SPECIES),
    "stopped early": lambda: xgboost.XGBClassifier(
        n_estimators=60, learning_rate=3.0, early_stopping_rounds=2, n_jobs=1
    ).fit(IRIS[::2], SPECIES[::2], eval_set=[(IRIS[1::2], SPECIES[1::2])], verbose=False),
}
ROWS = IRIS[::7]


def written(write: Callable[[str], object], path: Path) -> Path:
    """Have a library write a file that only its owner may change."""
    write(str(path))
    path.chmod(0o600)
    return path


def load(path: Path, *, proba: bool = True) -> Predictor:
    return load_predictor(path, outputs=("predict_proba",) if proba else ("predict",), rows_per_call=0)


def instances(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.astype(object).to_dict("records")
    return rows


@pytest.mark.parametrize("name", LIGHTGBM)
def test_a_text_of_lightgbm_answers_as_its_estimator(name: str, tmp_path: Path) -> None:
    model = LIGHTGBM[name]()
    predictor = load(written(model.booster_.save_model, tmp_path / "model.txt"))

    assert predictor.info.signature.names == tuple(name.replace(" ", "_") for name in IRIS.columns)
    assert predictor.info.signature.kind == "classification"
    rows = ROWS.set_axis(predictor.info.signature.names, axis=1)
    assert sent(predictor, *instances(rows)) == own_answers(model, ROWS)
    assert set(predictor.info.versions) == {"python", "numpy", "lightgbm"}


def distribution_of_xgboost() -> str:
    """Return its name: `xgboost-cpu` has the same modules."""
    (name,) = metadata.packages_distributions()["xgboost"]
    return name


@pytest.mark.parametrize("end", ["json", "ubj"])
@pytest.mark.parametrize("name", XGBOOST)
def test_a_document_of_xgboost_answers_as_its_estimator(name: str, end: str, tmp_path: Path) -> None:
    model = XGBOOST[name]()
    predictor = load(written(model.save_model, tmp_path / f"model.{end}"))

    assert sent(predictor, *instances(ROWS)) == own_answers(model, ROWS)
    assert set(predictor.info.versions) == {"python", "numpy", distribution_of_xgboost()}


def test_labels_are_the_numbers_of_the_classes(tmp_path: Path) -> None:
    model = LIGHTGBM["three classes"]()
    predictor = load(written(model.booster_.save_model, tmp_path / "model.txt"), proba=False)

    assert predictor.info.signature.classes == ("0", "1", "2")
    assert predictor.info.signature.class_values == (0, 1, 2)
    rows = ROWS.set_axis(predictor.info.signature.names, axis=1)
    assert sent(predictor, *instances(rows)) == list(map(str, model.predict(ROWS)))


def test_a_sidecar_declares_the_labels(tmp_path: Path) -> None:
    model = XGBOOST["three classes"]()
    path = written(model.save_model, tmp_path / "model.json")
    path.with_suffix(".toml").write_text('classes = ["setosa", "versicolor", "virginica"]\n')

    predictor = load(path, proba=False)

    labels = np.array(["setosa", "versicolor", "virginica"])
    assert predictor.info.signature.classes == tuple(labels)
    assert sent(predictor, *instances(ROWS)) == labels[model.predict(ROWS)].tolist()


def test_declared_labels_keep_their_types(tmp_path: Path) -> None:
    path = written(XGBOOST["two classes"]().save_model, tmp_path / "model.json")
    for classes, values in (("[4, 7]", (4, 7)), ('["4", "7"]', ("4", "7")), ("[false, true]", (False, True))):
        path.with_suffix(".toml").write_text(f"classes = {classes}\n")
        found = load(path, proba=False).info.signature.class_values

        assert found == values
        assert list(map(type, found)) == list(map(type, values))


def test_other_labels_have_other_keys(tmp_path: Path) -> None:
    path = written(XGBOOST["two classes"]().save_model, tmp_path / "model.json")
    spaces = set()
    for classes in ('["no", "yes"]', '["yes", "no"]', "[0, 1]", "[1, 2]"):
        path.with_suffix(".toml").write_text(f"classes = {classes}\n")
        spaces.add(load(path).info.namespace)

    assert len(spaces) == 4


@pytest.mark.parametrize("classes", ['["no", "yes"]', '["a", "b", "c", "d"]'])
def test_as_many_labels_as_classes_are_expected(classes: str, tmp_path: Path) -> None:
    path = written(XGBOOST["three classes"]().save_model, tmp_path / "model.json")
    path.with_suffix(".toml").write_text(f"classes = {classes}\n")

    with pytest.raises(ModelUnavailableError, match=r"model\.toml: classes: expected 3, as many as the model has, got"):
        load(path)


def test_a_model_with_labels_takes_none_from_a_sidecar(tmp_path: Path) -> None:
    path = save(LIGHTGBM["two classes"](), tmp_path)
    path.with_suffix(".toml").write_text('classes = ["no", "yes"]\n')

    with pytest.raises(ModelUnavailableError, match="classes: expected none for a model that names its own classes"):
        load(path)


def test_a_regression_is_answered_by_its_number(tmp_path: Path) -> None:
    of_lightgbm = lightgbm.LGBMRegressor(**FEW, verbose=-1).fit(DIABETES, PROGRESS)
    of_xgboost = xgboost.XGBRegressor(**FEW).fit(DIABETES, PROGRESS)
    rows = DIABETES[:20]

    texts = load(written(of_lightgbm.booster_.save_model, tmp_path / "model.txt"), proba=False)
    document = load(written(of_xgboost.save_model, tmp_path / "model.json"), proba=False)

    assert sent(texts, *instances(rows)) == of_lightgbm.predict(rows).tolist()
    assert np.array(sent(document, *instances(rows)), np.float32).tolist() == of_xgboost.predict(rows).tolist()


@pytest.mark.parametrize("objective", ["multi:softmax", "multi:softprob"])
def test_a_saved_booster_is_what_it_was_trained_to_be(objective: str, tmp_path: Path) -> None:
    data = xgboost.DMatrix(IRIS, SPECIES)
    booster = xgboost.train({"objective": objective, "num_class": 3, "nthread": 1}, data, 4)

    labels = load(save(booster, tmp_path), proba=False)

    assert labels.info.signature.classes == ("0", "1", "2")
    assert sent(labels, *instances(IRIS)) == list(map(str, XGBOOST["three classes"]().predict(IRIS)))


def test_categories_are_those_of_the_file(tmp_path: Path) -> None:
    colours = pd.Categorical(np.array(["red", "blue", "green"])[SPECIES])
    frame = pd.DataFrame({"colour": colours, "length": IRIS.iloc[:, 0]})
    model = lightgbm.LGBMClassifier(**FEW, verbose=-1).fit(frame, SPECIES == 1)
    of_xgboost = xgboost.XGBClassifier(enable_categorical=True, **FEW).fit(frame, SPECIES == 1)

    for path, own in (
        (written(model.booster_.save_model, tmp_path / "l.txt"), model),
        (written(of_xgboost.save_model, tmp_path / "x.ubj"), of_xgboost),
    ):
        predictor = load(path)
        assert dtypes(predictor.info.signature) == {"colour": "string", "length": "float64"}
        assert sent(predictor, *instances(frame[::9])) == own_answers(own, frame[::9])


COLOURS = ("red", "blue", "green")


def frame_of(colours: Sequence[str]) -> pd.DataFrame:
    """Return rows with the species' colour, in an order of categories that is not the alphabet's, and a length."""
    of_species = pd.Categorical(np.array(colours)[SPECIES], categories=colours)
    return pd.DataFrame({"colour": of_species, "length": IRIS.iloc[:, 0]})


@pytest.mark.parametrize("booster", ["gbtree", "dart"])
@pytest.mark.parametrize("end", ["json", "ubj"])
def test_categories_of_xgboost_are_known_where_training_stopped_early(booster: str, end: str, tmp_path: Path) -> None:
    frame = frame_of(COLOURS)
    model = xgboost.XGBClassifier(
        n_estimators=60, booster=booster, learning_rate=3.0, early_stopping_rounds=2, n_jobs=1, enable_categorical=True
    ).fit(frame[::2], SPECIES[::2], eval_set=[(frame[1::2], SPECIES[1::2])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1

    predictor = load(written(model.save_model, tmp_path / f"x.{end}"))

    assert dtypes(predictor.info.signature) == {"colour": "string", "length": "float64"}
    assert sent(predictor, *instances(frame[::9])) == own_answers(model, frame[::9])


@pytest.mark.parametrize("colours", [("grün", "rot", "blau"), ("é", "ü", "a"), ("red", "blue", "tiefgrün")])
def test_categories_that_xgboost_damaged_are_declared(colours: tuple[str, str, str], tmp_path: Path) -> None:
    frame = frame_of(colours)
    model = xgboost.XGBClassifier(enable_categorical=True, **FEW).fit(frame, SPECIES == 1)
    for path in (written(model.save_model, tmp_path / "x.json"), save(model, tmp_path)):
        with pytest.raises(
            ModelUnavailableError, match=r"'colour': expected its categories, .*; list them in the side"
        ):
            load(path)

        declared = f'[[features]]\nname = "colour"\ndtype = "category"\ncategories = {list(colours)}\n'
        path.with_suffix(".toml").write_text(declared)
        assert sent(load(path), *instances(frame[::9])) == own_answers(model, frame[::9])


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("end", ["txt", "json", "ubj"])
def test_a_file_that_is_cut_off_is_an_error_of_one_line(end: str, keep: float, tmp_path: Path) -> None:
    model = LIGHTGBM["two classes"]().booster_ if end == "txt" else XGBOOST["two classes"]()
    path = written(model.save_model, tmp_path / f"model.{end}")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])

    with pytest.raises(ModelUnavailableError, match=r"^[^\n]*expected [^\n]*$"):
        load(path)


def test_columns_that_a_document_of_xgboost_has_but_the_number_of_are_limited(tmp_path: Path) -> None:
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(np.arange(20.0).reshape(10, 2), np.arange(10.0)), 2)
    document = json.loads(bytes(booster.save_raw("json")))
    document["learner"]["learner_model_param"]["num_feature"] = "1000000000"
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    path.chmod(0o600)

    with pytest.raises(ModelUnavailableError, match="expected 100,000 columns at most, got 1,000,000,000"):
        load_predictor(path)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_a_script_beside_a_file_that_refers_to_none_is_not_executed(library: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    fitted = {"lightgbm": LIGHTGBM, "xgboost": XGBOOST}[library]["two classes"]()
    booster = fitted.booster_ if library == "lightgbm" else fitted.get_booster()
    path = written(booster.save_model, tmp_path / "model.json")

    with pytest.raises(ModelUnavailableError, match=r"model\.json: expected no code .*, got .*train\.py$"):
        load_predictor(path, code=script)

    assert not (tmp_path / "executed").exists()
