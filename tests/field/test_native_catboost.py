"""Files that CatBoost wrote answer as the estimators they came from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from support.loaded_models import dtypes, own_answers, sent

catboost: Any = pytest.importorskip("catboost", reason="200 MB: make test-boosters installs it")

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
WORDS = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
COLOURED = IRIS.assign(colour=np.where(IRIS.iloc[:, 0] > 5.8, "red", "blue"))
FEW: dict[str, Any] = {"iterations": 4, "verbose": 0, "allow_writing_files": False}


def written(model: Any, path: Path) -> Path:
    model.save_model(str(path), format=path.suffix[1:])
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("end", ["cbm", "json"])
def test_a_classifier_has_its_labels_in_the_file(end: str, tmp_path: Path) -> None:
    model = catboost.CatBoostClassifier(**FEW).fit(IRIS, WORDS)
    predictor = load_predictor(written(model, tmp_path / f"model.{end}"), outputs=("predict_proba",), rows_per_call=0)
    rows = IRIS[::7]
    if end == "json":  # which keeps fewer digits
        model = catboost.CatBoostClassifier().load_model(str(tmp_path / "model.json"), format="json")

    assert predictor.info.signature.classes == ("setosa", "versicolor", "virginica")
    assert sent(predictor, *rows.to_dict("records")) == own_answers(model, rows)


def test_a_document_may_begin_with_a_blank_line(tmp_path: Path) -> None:
    path = written(catboost.CatBoostClassifier(**FEW).fit(IRIS, WORDS), tmp_path / "model.json")
    path.write_bytes(b"\n" + path.read_bytes())

    assert load_predictor(path).info.signature.classes == ("setosa", "versicolor", "virginica")


def test_categories_are_those_of_the_file(tmp_path: Path) -> None:
    model = catboost.CatBoostClassifier(**FEW, cat_features=["colour"]).fit(COLOURED, WORDS)
    predictor = load_predictor(written(model, tmp_path / "model.cbm"), outputs=("predict_proba",), rows_per_call=0)
    rows = COLOURED[::7]

    assert dtypes(predictor.info.signature)["colour"] == "string"
    assert sent(predictor, *rows.to_dict("records")) == own_answers(model, rows)


@pytest.mark.parametrize("loss", ["RMSE", "Poisson", "Tweedie:variance_power=1.5", "Quantile:alpha=0.9"])
def test_a_regression_is_answered_by_its_number(loss: str, tmp_path: Path) -> None:
    model = catboost.CatBoostRegressor(loss_function=loss, **FEW).fit(IRIS, SPECIES + 1)
    predictor = load_predictor(written(model, tmp_path / "model.cbm"), rows_per_call=0)

    assert sent(predictor, *IRIS[::7].to_dict("records")) == model.predict(IRIS[::7]).tolist()


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("end", ["cbm", "json"])
def test_a_file_that_is_cut_off_is_an_error_of_one_line(end: str, keep: float, tmp_path: Path) -> None:
    path = written(catboost.CatBoostClassifier(**FEW).fit(IRIS, WORDS), tmp_path / f"model.{end}")
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])

    with pytest.raises(ModelUnavailableError, match=r"^[^\n]*expected [^\n]*$"):
        load_predictor(path)
