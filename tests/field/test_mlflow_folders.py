"""Folders that MLflow wrote: the answers of the model in them, and nothing that MLmodel must not be able to do."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
import yaml
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from support.command_in_process import run_here
from support.in_process_service import service, wired_around
from support.mlflow_folders import (
    LIGHTGBM_TYPES,
    VERSIONS,
    array,
    columns_of,
    mlflow_folder,
    multiplying_folder,
    own_module,
    read_mlmodel,
    write_mlmodel,
)
from support.models import save
from support.onnx_models import of_family
from support.onnx_models import saved as saved_onnx
from support.processes import run
from support.same_everywhere import answers_of

X, SPECIES = load_iris(return_X_y=True, as_frame=True)
TEXTS = Path(__file__).parent / "files" / "mlflow"
MIXED = pd.DataFrame({"age": [31, 45, 52, 28], "city": ["a", "b", "a", "c"], "weight": [1.5, 2.5, np.nan, 4.0]})


def logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, SPECIES)


def lgb_booster() -> Any:
    return lightgbm.train({"objective": "multiclass", "num_class": 3, "verbose": -1}, lightgbm.Dataset(X, SPECIES), 3)


def xgb_booster() -> Any:
    return xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(X, SPECIES), 3)


CASES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "pickle": (logistic, {"saved_by": "pickle"}),
    "cloudpickle": (logistic, {"saved_by": "cloudpickle"}),
    "skops": (logistic, {"saved_by": "skops"}),
    "LightGBM's Booster": (lgb_booster, {"flavor": "lightgbm"}),
    "LightGBM's classifier": (
        lambda: lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, SPECIES),
        {"flavor": "lightgbm", "saved_by": "cloudpickle"},
    ),
    "XGBoost's Booster": (xgb_booster, {"flavor": "xgboost"}),
    "XGBoost's classifier": (
        lambda: xgboost.XGBClassifier(n_estimators=3).fit(X, SPECIES),
        {"flavor": "xgboost"},
    ),
}


def load(folder: Path, **options: Any) -> Predictor:
    return load_predictor(folder, **({"engine": "library"} | options))


def rejection(folder: Path, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load(folder, **options)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(folder))
    return said


def changed(folder: Path, change: Callable[[Any], object]) -> Path:
    """Change what MLmodel of a folder says."""
    document = read_mlmodel(folder)
    change(document)
    write_mlmodel(folder, document)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CASES)
def test_a_folder_answers_as_its_model_in_one_file(name: str, version: str, tmp_path: Path) -> None:
    model, how = CASES[name]
    fitted = model()
    folder = mlflow_folder(tmp_path / "model", fitted, version=version, inputs=columns_of(X), **how)
    by_folder, by_joblib = load(folder), load_predictor(save(fitted, tmp_path), engine="library")
    batch = probe_batch(by_joblib.info.signature)
    same = Batch(by_folder.info.signature, batch.columns)

    assert by_folder.info.signature.kind == by_joblib.info.signature.kind
    assert by_folder.info.signature.names == tuple(X.columns)
    assert by_folder.predict(same).encode() == by_joblib.predict(batch).encode()


@pytest.mark.parametrize("name", ["logistic", "forest of numbers", "columns"])
def test_a_folder_answers_as_its_onnx_file(name: str, tmp_path: Path) -> None:
    content = of_family(name)
    by_folder = load(mlflow_folder(tmp_path / "model", content, flavor="onnx"))
    by_file = load(saved_onnx(content, tmp_path))
    batch = probe_batch(by_file.info.signature)

    assert by_folder.info.signature == by_file.info.signature
    assert by_folder.info.loaded_from.name == "MLflow's folder, flavor onnx, ONNX"
    assert by_folder.predict(batch).encode() == by_file.predict(batch).encode()


def test_a_signature_names_the_columns_of_an_onnx_file(tmp_path: Path) -> None:
    inputs = columns_of(X.astype("float32"))
    folder = mlflow_folder(tmp_path / "model", of_family("logistic"), flavor="onnx", inputs=inputs)

    features = load(folder).info.signature.features

    assert [(each.name, each.dtype) for each in features] == [(name, "float32") for name in X.columns]


@pytest.mark.parametrize("name", [*CASES, "ONNX"])
def test_http_files_and_calls_return_the_same_bits(name: str, tmp_path: Path) -> None:
    model, how = CASES.get(name, (lambda: of_family("logistic"), {"flavor": "onnx"}))
    rows = X.astype("float32") if name == "ONNX" else X
    folder = mlflow_folder(tmp_path / "iris", model(), inputs=columns_of(rows), **how)
    outputs = ("predict", "predict_proba")
    predictor = load(folder, outputs=outputs, rows_per_call=0)
    rows = rows.iloc[::15]
    own = predictor.predict(Batch.of(predictor.info.signature, rows.to_dict("list"))).encode()
    rows.to_csv(tmp_path / "in.csv", index=False)

    with service(wired_around(predictor)) as served:
        replies = served.post({"instances": rows.astype(object).to_dict("records")}).json()["predictions"]
    line = ("-o", "out.jsonl", "--outputs", ",".join(outputs), "--rows-per-call", "0", "--cache", "none")
    done = run_here("score", "iris", "in.csv", "--keep", "", *line, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert replies == [json.loads(body) for body in own.bodies]
    assert [{name: row[name] for name in replies[0]} for row in scored] == replies


@pytest.mark.parametrize("path", sorted(TEXTS.glob("*.MLmodel")), ids=lambda path: path.stem)
def test_the_tests_folders_say_what_mlflow_wrote(path: Path, tmp_path: Path) -> None:
    name, _, version = path.stem.rpartition("-")
    if name in ("python_function", "catboost"):  # written by MLflow and CatBoost alone
        assert read_flavors(path)[name]
        return
    written = yaml.safe_load(path.read_text())
    model, inputs, example, how = MODELS_OF_TEXTS[name]
    folder = mlflow_folder(
        tmp_path / "model",
        model(),
        version=version,
        inputs=inputs if "signature" in written else None,
        example=example,
        code=[own_module(tmp_path)] if name == "sklearn-code" else [],
        **how,
    )

    assert comparable(read_mlmodel(folder)) == comparable(written)


def read_flavors(path: Path) -> Any:
    return yaml.safe_load(path.read_text())["flavors"]


ALL_TYPES = [
    {"type": "long", "name": "age", "required": True},
    {"type": "double", "name": "weight", "required": False},
    {"type": "string", "name": "city", "required": True},
    {"type": "boolean", "name": "ok", "required": True},
    {"type": "datetime", "name": "when", "required": True},
    {"type": "string", "name": "opt", "required": False},
    {"type": "integer", "name": "i32", "required": True},
    {"type": "float", "name": "f32", "required": True},
    {"type": "string", "name": "cat", "required": True},
]


def linear_of_array() -> Any:
    return LinearRegression().fit(X.to_numpy(), SPECIES)


MODELS_OF_TEXTS: dict[str, tuple[Callable[[], Any], Any, Any, dict[str, Any]]] = {
    "sklearn": (logistic, columns_of(X), X.head(2), {}),
    "sklearn-array": (linear_of_array, [array("float64", 4)], X.head(1).to_numpy().tolist(), {}),
    "sklearn-code": (linear_of_array, None, None, {}),
    "columns": (logistic, ALL_TYPES, X.head(2), {}),
    "lightgbm": (lgb_booster, columns_of(X), None, {"flavor": "lightgbm"}),
    "lightgbm-estimator": (
        lambda: lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, SPECIES),
        columns_of(X),
        None,
        {"flavor": "lightgbm"},
    ),
    "onnx": (lambda: of_family("logistic"), columns_of(X.astype("float32")), None, {"flavor": "onnx"}),
    "xgboost": (CASES["XGBoost's classifier"][0], columns_of(X), None, {"flavor": "xgboost"}),
}


def comparable(document: Any) -> Any:
    """Return what MLmodel says without what differs from one saving to the next, or by the libraries installed."""
    for name in ("utc_time_created", "model_uuid", "model_size_bytes"):
        document.pop(name, None)
    for table in document["flavors"].values():
        for name in [name for name in table if name.endswith("_version")]:
            del table[name]
    if "signature" in document:
        document["signature"]["inputs"] = json.loads(document["signature"]["inputs"])
        del document["signature"]["outputs"]
    return document


def answers(predictor: Predictor, *rows: tuple[float, ...]) -> list[float]:
    columns = tuple(np.array(column, float) for column in zip(*rows, strict=True))
    batch = Batch(predictor.info.signature, columns)
    return [json.loads(answer)["prediction"] for answer in predictor.predict(batch).encode().bodies]


def test_modules_in_the_folder_code_are_those_of_its_model(tmp_path: Path) -> None:
    one, other = multiplying_folder(tmp_path / "one" / "model", 2), multiplying_folder(tmp_path / "other" / "model", 3)

    of_one, of_other = load(one), load(other)

    assert [answers(of_one, (1, 2)), answers(of_other, (1, 2)), answers(of_one, (1, 2))] == [[6.0], [9.0], [6.0]]
    assert of_one.info.fingerprint != of_other.info.fingerprint
    assert str(one / "code") not in sys.path


def test_code_that_others_may_change_is_not_run(tmp_path: Path) -> None:
    folder = multiplying_folder(tmp_path / "model")
    (folder / "code" / "own_steps.py").chmod(0o666)

    assert "own_steps.py: expected a model file that only you may write to" in rejection(folder)
    pin = sha256_of(folder)
    assert "own_steps.py: expected a module that only you may write to" in rejection_of(folder, sha256=pin)


def rejection_of(folder: Path, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load(folder, **options)
    return str(caught.value)


def fitted_on_columns() -> Any:
    encoded = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    return make_pipeline(encoded, LinearRegression()).fit(MIXED.fillna(0), [1.0, 2.0, 3.0, 4.0])


def test_the_signature_says_what_the_model_takes(tmp_path: Path) -> None:
    inputs = columns_of(MIXED, weight=False)
    folder = mlflow_folder(tmp_path / "model", fitted_on_columns(), saved_by="pickle", inputs=inputs, example=MIXED)

    features = {feature.name: feature for feature in load(folder).info.signature.features}

    assert {name: (each.dtype, each.missing, each.example) for name, each in features.items()} == {
        "age": ("int64", False, 31),
        "city": ("string", False, "a"),
        "weight": ("float64", True, 1.5),
    }


def test_the_sidecar_and_the_settings_override_the_signature(tmp_path: Path) -> None:
    inputs = columns_of(MIXED, weight=False)
    folder = mlflow_folder(tmp_path / "v1.5", fitted_on_columns(), saved_by="pickle", inputs=inputs, example=MIXED)
    (tmp_path / "v1.5.toml").write_text('[[features]]\nname = "age"\ndtype = "float64"\n')

    by_sidecar = load(folder).info.signature.features
    named = load(folder, features=["a", "b", "c"]).info.signature.names

    assert [each.dtype for each in by_sidecar] == ["float64", "string", "float64"]
    assert named == ("a", "b", "c")


def test_an_array_of_the_signature_is_as_many_columns(tmp_path: Path) -> None:
    example = X.head(1).to_numpy().tolist()
    folder = mlflow_folder(tmp_path / "model", linear_of_array(), inputs=[array("float32", 4)], example=example)

    features = load(folder).info.signature.features

    assert [(each.name, each.dtype, each.example) for each in features] == [
        (f"x{at}", "float32", value) for at, value in enumerate(example[0])
    ]


@pytest.mark.parametrize("inputs", [[array("float32", 4)], [{"type": "float"}] * 4], ids=["array", "columns"])
def test_a_signature_without_names_leaves_those_of_the_model(inputs: Any, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), inputs=inputs)

    features = load(folder).info.signature.features

    assert [(each.name, each.dtype) for each in features] == [(name, "float32") for name in X.columns]


def test_a_model_of_texts_is_described_by_its_own_name(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good", "bad", "good one"], [1, 0, 1])
    folder = mlflow_folder(tmp_path / "model", model, saved_by="pickle", inputs=[{"type": "string", "required": True}])

    (feature,) = load(folder).info.signature.features

    assert (feature.name, feature.dtype) == ("text", "string")


class OfImages:
    """Takes arrays of shape (n, 2, 3)."""

    def predict(self, images: Any) -> Any:
        return np.asarray(images).reshape(len(images), 6).sum(axis=1)


@pytest.mark.parametrize("name", [None, "images"])
def test_a_tensor_of_the_signature_is_one_feature(name: str | None, tmp_path: Path) -> None:
    folder = mlflow_folder(
        tmp_path / "model", OfImages(), saved_by="pickle", inputs=[array("float32", 2, 3, name=name)]
    )

    (feature,) = load(folder).info.signature.features

    assert (feature.name, feature.dtype, feature.shape) == (name or "x", "float32", (2, 3))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([array("float64", 200_000)], "expected 100,000 columns at most, got 200,000"),
        ([array("float64", 10**30)], "expected an instance of 4,194,304 values at most"),
        ([array("float64", 10**5, 10**5)], "of 4,194,304 values at most, got 10,000,000,000"),
        ([array("float64", 10**5, 10**5, name="x")], "of 4,194,304 values at most, got 10,000,000,000"),
        ([array("float64", 2**21 + 1, name=name) for name in "ab"], "of 4,194,304 values at most, got 4,194,306"),
        ([{"type": "double", "name": f"c{at}"} for at in range(150_000)], "100,000 columns at most, got 150,000"),
        ([{"type": "double", "name": ["a"]}], "[0].name: expected a text"),
    ],
    ids=["columns", "columns beyond 64 bits", "an array", "a tensor", "two tensors", "names", "a name"],
)
def test_a_signature_of_values_without_number_is_rejected_at_once(inputs: Any, said: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), inputs=inputs)

    assert said in rejection(folder)


@pytest.mark.parametrize("kind", ["binary", "array", "object", "any"])
def test_types_that_cannot_be_sent_leave_it_to_the_model(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = [*columns_of(X)[:3], {"type": kind, "name": X.columns[3], "required": True}]
    folder = mlflow_folder(tmp_path / "model", logistic(), inputs=inputs)

    assert load(folder).info.signature.names == tuple(X.columns)
    assert f"is of type {kind}; what the model itself records decides" in caplog.text


def test_saving_the_same_model_again_keeps_its_fingerprint(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "one", logistic(), inputs=columns_of(X), example=X.head(1))
    before = load(folder).info.fingerprint
    changed(folder, lambda document: document.update(utc_time_created="later", run_id="f00", model_uuid="1"))
    (folder / "requirements.txt").write_text("scikit-learn\n")
    (folder / "input_example.json").write_text("[]")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "own.pyc").write_bytes(b"")
    folder.rename(tmp_path / "other")

    assert load(tmp_path / "other").info.fingerprint == before


def test_a_set_in_mlmodel_identifies_the_model_alike_in_each_process(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    changed(folder, lambda document: document["flavors"]["sklearn"].update(tags={"a", "b", "c", "d"}))

    found = {
        run("inspect", folder, "--json", env={"PYTHONHASHSEED": seed}).stdout.split(b'"fingerprint"')[1][:80]
        for seed in ("1", "2", "3")
    }

    assert len(found) == 1


CHANGES: dict[str, Callable[[Path], object]] = {
    "another file": lambda folder: (folder / "table.csv").write_text("a\n"),
    "a file in a folder": lambda folder: shutil.copytree(TEXTS, folder / "more"),
    "the flavor": lambda folder: changed(folder, lambda found: found["flavors"]["sklearn"].update(version=2)),
    "the model": lambda folder: (folder / "model.pkl").write_bytes(pickle.dumps(logistic().set_params(verbose=True))),
    "its type": lambda folder: changed(
        folder, lambda found: found["signature"].update(inputs=json.dumps(columns_of(X.astype("float32"))))
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_may_change_an_answer_changes_the_key(change: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle", inputs=columns_of(X))
    before = load(folder).info.namespace

    CHANGES[change](folder)
    for path in folder.rglob("*"):
        path.chmod(0o700)

    assert load(folder).info.namespace != before


def test_call_sizes_are_kept_beside_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = mlflow_folder(tmp_path / "model", linear_of_array())
    files = set(folder.rglob("*"))
    monkeypatch.chdir(folder)

    load(Path())

    assert set(folder.rglob("*")) == files
    assert (tmp_path / "model.calls.json").is_file()


def sha256_of(folder: Path) -> str:
    """Return what the documented command computes."""
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    (command,) = [line.removeprefix("$ ") for line in text.splitlines() if "sort -z" in line]
    done = subprocess.run(["bash", "-c", command.split(" > ")[0]], cwd=folder.parent, capture_output=True, check=True)
    return done.stdout.decode().split()[0]


def test_a_folder_is_pinned_by_the_documented_command(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), inputs=columns_of(X))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "own.pyc").write_bytes(b"")
    (folder / "more files").mkdir()
    (folder / "more files" / "ä b.txt").write_text("more")
    (folder / "link.txt").symlink_to("more files/ä b.txt")
    pin = sha256_of(folder)
    folder.chmod(0o777)
    (folder / "model.skops").chmod(0o666)

    assert load(folder, sha256=pin).info.signature.kind == "classification"
    assert "or pin the folder with --model-sha256" in rejection_of(folder)
    assert f"expected SHA-256 {'0' * 64}, got {pin}; nothing was loaded" in rejection(folder, sha256="0" * 64)
    (folder / "requirements.txt").write_text("another")
    assert f"expected SHA-256 {pin}, got" in rejection(folder, sha256=pin)


def test_inspect_names_flavor_and_format(tmp_path: Path) -> None:
    mlflow_folder(tmp_path / "skops", logistic(), inputs=columns_of(X))
    mlflow_folder(tmp_path / "pickle", logistic(), saved_by="cloudpickle", version="2.9.2")

    by_skops, by_pickle = (run_here("inspect", name, cwd=tmp_path).stdout.decode() for name in ("skops", "pickle"))

    assert "MLflow's folder, flavor sklearn, skops, which runs no code of its file" in by_skops
    assert by_skops.count("its signature") == 4
    assert "MLflow's folder, flavor sklearn, pickle, which runs the code of its file" in by_pickle


def test_a_sidecar_is_written_beside_the_folder(tmp_path: Path) -> None:
    mlflow_folder(tmp_path / "v1.5", logistic(), inputs=columns_of(X))

    done = run_here("inspect", "v1.5", "--write-sidecar", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert 'name = "sepal length (cm)"' in (tmp_path / "v1.5.toml").read_text()
    assert not list((tmp_path / "v1.5").glob("*.toml"))


@pytest.mark.parametrize("missing", ["yaml", "skops"])
def test_the_extra_is_named_where_its_library_is_missing(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "skops.io", raising=False)
    extra = {"yaml": "mlflow", "skops": "skops"}[missing]

    assert rejection(folder).endswith(f"; try: pip install 'foreseen[{extra}]'")


def test_types_that_mlmodel_trusts_are_not_trusted(tmp_path: Path) -> None:
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, SPECIES)
    folder = mlflow_folder(tmp_path / "model", model, flavor="lightgbm")
    assert read_mlmodel(folder)["flavors"]["lightgbm"]["skops_trusted_types"] == [*LIGHTGBM_TYPES]

    assert "expected types that skops trusts, got " in rejection(folder)
    assert load(folder, trusted_types=LIGHTGBM_TYPES).info.signature.kind == "classification"


MARK = "touched"


class Marking:
    """Leaves a file behind when it is loaded."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path(MARK),))


@pytest.mark.parametrize(
    ("flavor", "saved_by", "name"),
    [("sklearn", "skops", "model.skops"), ("xgboost", "", "model.ubj"), ("lightgbm", "", "model.lgb")],
)
def test_a_pickle_in_place_of_a_safe_format_is_not_loaded(
    flavor: str, saved_by: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = {"sklearn": logistic, "xgboost": xgb_booster, "lightgbm": lgb_booster}[flavor]()
    folder = mlflow_folder(tmp_path / "model", model, flavor=flavor, saved_by=saved_by)
    (folder / name).write_bytes(pickle.dumps(Marking()))
    monkeypatch.chdir(tmp_path)

    said = rejection(folder)

    assert f"{name}: expected the file of MLflow's flavor {flavor}, which runs no code when it is loaded" in said
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize(
    "table", [{"onnx": {"data": "model.pt"}}, {"pytorch": {"model_data": "model.pt", "serialization_format": "pt2"}}]
)
def test_torch_script_in_place_of_a_safe_format_is_not_loaded(table: Any, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    with zipfile.ZipFile(folder / "model.pt", "w") as archive:
        for name in ("net/data.pkl", "net/constants.pkl", "net/version"):
            archive.writestr(name, b"")
    changed(folder, lambda found: found.update(flavors=table))

    said = rejection(folder)

    assert f"flavor {next(iter(table))}, which runs no code when it is loaded, got TorchScript" in said


@pytest.mark.parametrize(
    ("flavor", "key"), [("sklearn", "pickled_model"), ("catboost", "data"), ("pytorch", "model_data")]
)
def test_a_python_file_is_not_run_as_the_file_of_a_flavor(
    flavor: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    (folder / "model.py").write_text(f"from pathlib import Path\nPath({MARK!r}).touch()\n")
    changed(folder, lambda found: found.update(flavors={flavor: {key: "model.py"}}))
    monkeypatch.chdir(tmp_path)

    assert f"model.py: expected the file of MLflow's flavor {flavor}, got a Python file" in rejection(folder)
    assert not (tmp_path / MARK).exists()


@pytest.mark.parametrize("name", ["../model.pkl", "/etc/passwd", "a/../../model.pkl", "", "a\0b", ["model.pkl"]])
@pytest.mark.parametrize("entry", ["pickled_model", "code"])
def test_names_that_lead_out_of_the_folder_are_rejected(entry: str, name: Any, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(logistic()))
    if entry == "code" and not name:
        return  # none
    changed(folder, lambda found: found["flavors"]["sklearn"].update({entry: name}))

    assert f"flavors.sklearn.{entry}: expected " in rejection(folder)


@pytest.mark.parametrize("name", ["model.skops", "MLmodel", "data", "code"])
def test_links_that_lead_out_of_the_folder_are_rejected(name: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    outside = tmp_path / "outside"
    if (folder / name).exists():
        (folder / name).rename(outside)
    else:
        outside.mkdir()
    (folder / name).symlink_to(outside)

    assert f"{folder / name}: expected a folder whose links stay in it" in rejection(folder)


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    (folder / "..data").mkdir()
    (folder / "model.skops").rename(folder / "..data" / "model.skops")
    (folder / "model.skops").symlink_to("..data/model.skops")
    (tmp_path / "current").symlink_to(folder)

    assert load(tmp_path / "current").info.signature.kind == "classification"


@pytest.mark.parametrize("name", ["MLmodel", "model.pkl", "input_example.json", "more.bin"])
def test_each_file_must_be_private(name: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle", example=X.head(1))
    (folder / name).touch()
    (folder / name).chmod(0o666)

    said = rejection(folder)

    assert said.startswith(f"{folder / name}: expected a model file that only you may write to")


def test_a_folder_that_others_may_write_to_is_rejected(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    folder.chmod(0o777)

    assert f"every user may too, by way of {folder}" in rejection(folder)


def test_a_pipe_in_the_folder_is_rejected_without_waiting(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    os.mkfifo(folder / "pipe")

    assert "pipe: expected a regular file in the folder of a model" in rejection(folder)


NESTED = "[" * 100_000
MERGES = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
PAIRS = "a0: &a0 !!pairs [x: 1]\n" + "".join(
    f"a{n}: &a{n} !!pairs [x: *a{n - 1}, y: *a{n - 1}]\n" for n in range(1, 20)
)
TWICE = json.dumps([{"name": "", "type": "long"}, {"name": "", "type": "double"}])
DAMAGES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "got an empty file"),
    "blank": (b" \n\n", "got an empty file"),
    "no YAML": (b"flavors: [", "expected YAML that MLflow wrote"),
    "a text": (b"just a text", "got a text"),
    "a list": (b"- 1\n", "got a list"),
    "binary": (bytes(range(256)), "expected YAML that MLflow wrote"),
    "a tag of Python": (
        b"flavors: !!python/object/apply:os.system ['touch touched']",
        "expected YAML that MLflow wrote",
    ),
    "another tag of Python": (b"!!python/name:os.system", "expected YAML that MLflow wrote"),
    "nested": (NESTED.encode(), "nested more than 64 levels"),
    "nested by lines": (b"".join(b" " * n + b"a:\n" for n in range(200)), "nested more than 64 levels"),
    "a bomb": (BOMB.encode(), "more than 1,000,000 values by way of aliases"),
    "a bomb of pairs": (PAIRS.encode(), "more than 1,000,000 values by way of aliases"),
    "a column twice": (
        f"flavors: {{sklearn: {{pickled_model: model.pkl}}}}\nsignature: {{inputs: '{TWICE}'}}".encode(),
        "signature.inputs: expected what MLflow writes: expected each column once, got '' again",
    ),
    "far too long": (b"#" * (16 * 2**20 + 1), "more than 16,777,216 bytes"),
    "a bomb of merges": (MERGES.encode(), "a mapping that is merged with others by <<"),
    "a bomb of a merge by its tag": (b"a: &a {b: 1}\nc: {!!merge '': *a}", "of the tag 'tag:yaml.org,2002:merge'"),
    "a bomb of one text": (
        b"flavors: {a: [&a '%s', %s]}" % (b"x" * 100_000, b", ".join([b"*a"] * 1_000)),
        "more than 67,108,864 characters by way of aliases",
    ),
    "a bomb of a key": (
        b"flavors: {a: [&a {? '%s' : 1}, %s]}" % (b"x" * 1_000_000, b", ".join([b"*a"] * 100)),
        "more than 67,108,864 characters by way of aliases",
    ),
    "very many aliases": (b"a: [&a 1, %s]" % b", ".join([b"*a"] * 10_001), "more than 10,000 aliases"),
    "a number of very many parts": (b"a: 1%s" % (b":1" * 500_000), "a number of 1,000,001 characters"),
    "a number of very many parts by its tag": (
        b"a: !!int '1%s'" % (b":1" * 500_000),
        "a number of 1,000,001 characters",
    ),
    "a number with a point and very many parts": (b"a: 1%s.5" % (b":1" * 500_000), "a number of 1,000,003 characters"),
    "a number of very many digits": (b"a: " + b"1" * 5_000, "a number of 5,000 characters"),
    "a number of very many hexadecimal digits": (
        b"flavors: {a: {b: 0x%s}}" % (b"f" * 100_000),
        "a number of 100,002 characters",
    ),
    "a date that does not exist": (b"a: 2026-99-99", "got month must be in 1..12"),
    "in itself": (b"flavors: &a [*a]", "a value that contains itself"),
    "no flavors": (b"a: 1", "expected the entry flavors with a table for each, got none"),
    "empty flavors": (b"flavors: {}", "expected the entry flavors with a table for each, got {}"),
    "flavors of another kind": (b"flavors: [sklearn]", "expected the entry flavors with a table for each"),
    "a flavor of another kind": (b"flavors: {sklearn: 1}", "flavors.sklearn: expected a table, got 1"),
    "unknown flavors": (b"flavors: {spark: {a: 1}, fastai: {}}", "expected a flavor of sklearn,"),
    "a signature of another kind": (
        b"flavors: {sklearn: {pickled_model: model.pkl}}\nsignature: {inputs: '{}'}",
        "signature.inputs: expected what MLflow writes: expected a list of columns, got {}",
    ),
    "a signature that is cut off": (
        b"flavors: {sklearn: {pickled_model: model.pkl}}\nsignature: {inputs: '[{'}",
        "signature.inputs: expected what MLflow writes",
    ),
    "a signature without types": (
        b'flavors: {sklearn: {pickled_model: model.pkl}}\nsignature: {inputs: \'[{"name": "a"}]\'}',
        "[0]: expected a table with a type",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_mlmodel_is_an_error_of_one_line(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, expected = DAMAGES[damage]
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    (folder / "model.pkl").write_bytes(pickle.dumps(Marking()))
    (folder / "MLmodel").write_bytes(content)
    monkeypatch.chdir(tmp_path)

    said = rejection(folder)

    assert said.startswith(f"{folder / 'MLmodel'}: ")
    assert expected in said
    assert not (tmp_path / MARK).exists()


def test_a_damaged_folder_ends_the_command_with_one_line(tmp_path: Path) -> None:
    (mlflow_folder(tmp_path / "model", logistic()) / "MLmodel").write_bytes(b"- 1\n")

    done = run_here("inspect", "model", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == b"foreseen: model/MLmodel: expected YAML with the flavors of a model, got a list\n"


@pytest.mark.parametrize("kind", ["removed", "a folder", "cut off", "empty"])
def test_a_model_file_that_is_not_whole_is_an_error_of_one_line(kind: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), saved_by="pickle")
    path = folder / "model.pkl"
    content = path.read_bytes()
    path.unlink()
    if kind == "a folder":
        path.mkdir()
    elif kind != "removed":
        path.write_bytes(content[: len(content) // 2 if kind == "cut off" else 0])
        path.chmod(0o600)

    said = rejection(folder)

    assert said.startswith(f"{path}: expected ")


@pytest.mark.parametrize(
    ("named", "advice"),
    [("model/MLmodel", "name the folder that it is in"), (".", "name {here}/model"), ("model/data", "")],
)
def test_a_place_beside_the_folder_is_met_with_advice(named: str, advice: str, tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic())
    (folder / "data").mkdir()

    assert advice.format(here=tmp_path) in rejection_of(tmp_path / named)


def test_a_signature_of_other_columns_names_mlmodel(tmp_path: Path) -> None:
    folder = mlflow_folder(tmp_path / "model", logistic(), inputs=columns_of(MIXED))

    assert "MLmodel: expected features of 4 values in all, as many as the model takes, got 3" in rejection(folder)


class OfTensors:
    """Takes a dict of two arrays and nothing else, as MLflow's models of tensors with names."""

    def predict(self, given: Any) -> Any:
        if not isinstance(given, dict) or [*given] != ["p", "q"]:
            raise TypeError("expected a dict of arrays")
        assert (given["p"].dtype, given["q"].dtype, given["q"].ndim) == (np.float32, np.int64, 1)
        return given["p"].sum(axis=1) + given["q"]


def python_function(folder: Path) -> Path:
    """Write a folder that only MLflow can load."""
    mlflow_folder(folder, logistic(), saved_by="pickle", inputs=columns_of(X))
    text = (TEXTS / "python_function-3.17.2.MLmodel").read_bytes()
    (folder / "MLmodel").write_bytes(text)
    return folder


def test_a_model_of_mlflow_alone_needs_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.delitem(sys.modules, "mlflow.pyfunc", raising=False)

    assert rejection(python_function(tmp_path / "model")).endswith("try: pip install mlflow-skinny")


def test_a_model_of_mlflow_alone_is_loaded_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = python_function(tmp_path / "model")
    mlflow: Any = ModuleType("mlflow.pyfunc")
    mlflow.load_model = lambda path: pickle.loads((Path(path) / "model.pkl").read_bytes())
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", mlflow)

    predictor = load(folder)

    assert predictor.info.signature.names == tuple(X.columns)
    assert str(predictor.info.loaded_from).startswith("MLflow's folder, flavor python_function, which runs the")
    changed(folder, lambda document: document.update(utc_time_created="later", model_uuid="1"))
    assert load(folder).info.fingerprint == predictor.info.fingerprint
    changed(folder, lambda document: document.update(type_hint_from_example=True))
    assert load(folder).info.fingerprint != predictor.info.fingerprint
    pin = sha256_of(folder)
    folder.chmod(0o777)
    assert "only you may replace" in rejection_of(folder, sha256=pin)  # MLflow reads the files by itself


def test_mlflow_is_given_tensors_with_names_as_a_dict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [array("float32", 2, name="p"), array("int64", name="q")]
    folder = python_function(tmp_path / "model")
    changed(folder, lambda document: document["signature"].update(inputs=json.dumps(inputs)))
    mlflow: Any = ModuleType("mlflow.pyfunc")
    (folder / "model.pkl").write_bytes(pickle.dumps(OfTensors()))
    mlflow.load_model = lambda path: pickle.loads((Path(path) / "model.pkl").read_bytes())
    monkeypatch.setitem(sys.modules, "mlflow", ModuleType("mlflow"))
    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", mlflow)

    predictor = load(folder)

    assert answers_of(predictor, [{"p": [1.5, 2.0], "q": 3}, {"p": [0.5, 1.0], "q": 4}]) == [
        {"prediction": 6.5},
        {"prediction": 5.5},
    ]


def test_a_folder_that_changes_while_it_is_loaded_is_rejected(tmp_path: Path) -> None:
    folder = multiplying_folder(tmp_path / "model")
    module = folder / "code" / "own_steps.py"
    module.write_text(
        f"import pathlib\npathlib.Path({str(folder / 'table.csv')!r}).write_text('a')\n" + module.read_text()
    )

    assert "expected a folder that does not change while it is loaded, but table.csv did" in rejection(folder)
