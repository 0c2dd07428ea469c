"""The examples train the models that the documents say, and these answer as the documents show."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.values.batch import Batch
from support.time_limits import COMMAND_S

EXAMPLES = Path(__file__).parents[2] / "examples"
FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}

SHOWN: dict[str, tuple[dict[str, Any], str]] = {
    "iris/model.joblib": (FLOWER, "0"),
    "skops/model.skops": (FLOWER, "0"),
    "lightgbm/model.txt": ({"alcohol": 13.2, "malic_acid": 1.8, "color_intensity": 4.4}, "0"),
    "xgboost/model.ubj": (FLOWER, "setosa"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_an_example_answers_as_its_document_shows(name: str, tmp_path: Path) -> None:
    for file in (EXAMPLES / Path(name).parent).iterdir():
        if file.suffix in (".py", ".toml"):  # not what an earlier training has left
            shutil.copy(file, tmp_path)

    line = [sys.executable, str(tmp_path / "train.py")]
    done = subprocess.run(line, capture_output=True, timeout=COMMAND_S, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")

    predictor = load_predictor(tmp_path / Path(name).name)
    instance, prediction = SHOWN[name]

    batch = Batch.of(predictor.info.signature, {feature: [value] for feature, value in instance.items()})
    assert [json.loads(body) for body in predictor.predict(batch).encode()] == [{"prediction": prediction}]
