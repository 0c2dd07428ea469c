"""Folders as MLflow writes them, without MLflow: tests compare them with those that it wrote."""

import json
import pickle
import shutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import cloudpickle
import pandas as pd
import yaml

Columns = Sequence[Mapping[str, Any]]

VERSIONS: Final = ("1.30.1", "2.9.2", "3.17.2")
"""Versions of MLflow whose folders differ."""

LIGHTGBM_TYPES: Final = (
    "lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor", "collections.OrderedDict",
    "lightgbm.basic.Booster",
)  # fmt: skip
"""Types that MLflow trusts in a file of skops with a model of LightGBM."""

_TYPES: Final = {
    "int64": "long", "int32": "integer", "float64": "double", "float32": "float", "bool": "boolean",
    "object": "string", "str": "string", "string": "string", "category": "string",
}  # fmt: skip
_PICKLES: Final = {"pickle": pickle.dump, "cloudpickle": cloudpickle.dump}


def mlflow_folder(
    folder: Path,
    model: Any,
    *,
    flavor: str = "sklearn",
    version: str = VERSIONS[-1],
    saved_by: str = "",
    inputs: Columns | None = None,
    example: pd.DataFrame | Sequence[Sequence[float]] | None = None,
    code: Sequence[Path] = (),
) -> Path:
    """Write the folder of a model, and return its path.

    Args:
        model: for "onnx", the content of its file.
        flavor: "sklearn", "lightgbm", "xgboost", "catboost" or "onnx".
        saved_by: "pickle", "cloudpickle" or "skops" for a model that is not saved by its own library; empty for what
            that version of MLflow chooses.
        inputs: the signature, as MLflow describes columns and tensors.
        code: files and folders of modules to put into the folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = {"code": "code" if code else None, **_WRITERS[flavor](folder, model, version, saved_by)}
    for path in code:
        (folder / "code").mkdir(exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / "code" / path.name)
    document = {
        "flavors": {"python_function": _python_function(flavor, table, version), flavor: table},
        **_about(version, folder),
        **_signature(version, inputs),
        **_example(folder, version, example),
    }
    for name in ("conda.yaml", "python_env.yaml", "requirements.txt"):
        (folder / name).write_text("")
    write_mlmodel(folder, document)
    return folder


def own_module(folder: Path, factor: int = 2) -> Path:
    """Write a module with a class of models that multiply the sum of two numbers, and return its path."""
    path = folder / "own_steps.py"
    path.write_text(
        "class Multiplied:\n    n_features_in_ = 2\n\n    def predict(self, rows):\n"
        f"        return [{factor} * float(sum(row)) for row in rows]\n"
    )
    return path


def multiplying_folder(folder: Path, factor: int = 2) -> Path:
    """Write a folder whose model is of a class in its folder `code`."""
    folder.parent.mkdir(exist_ok=True)
    written = mlflow_folder(folder, None, saved_by="pickle", code=[own_module(folder.parent, factor)])
    # By hand: a class of a module that is not imported here.
    (written / "model.pkl").write_bytes(b"cown_steps\nMultiplied\n)\x81.")
    (folder.parent / "own_steps.py").unlink()
    return written


def write_mlmodel(folder: Path, document: object) -> None:
    """Write the file MLmodel of a folder."""
    (folder / "MLmodel").write_text(yaml.safe_dump(document, allow_unicode=True, default_flow_style=False))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def read_mlmodel(folder: Path) -> Any:
    """Return what the file MLmodel of a folder says."""
    return yaml.safe_load((folder / "MLmodel").read_text())


def columns_of(frame: pd.DataFrame, **required: bool) -> list[dict[str, Any]]:
    """Return the signature that MLflow infers of a frame; `required` by the names of columns."""
    return [
        {"type": _type(frame[name].dtype), "name": name, "required": required.get(name, True)} for name in frame.columns
    ]


def array(dtype: str, *shape: int, name: str | None = None) -> dict[str, Any]:
    """Return the signature of a tensor; its first axis is that of the instances."""
    named = {} if name is None else {"name": name}
    return {**named, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1, *shape]}}


def _type(dtype: Any) -> str:
    return "datetime" if str(dtype).startswith("datetime64") else _TYPES[str(dtype)]


def _sklearn(folder: Path, model: Any, version: str, saved_by: str) -> dict[str, Any]:
    saved_by = saved_by or ("skops" if version.startswith("3") else "cloudpickle")
    table = {
        "pickled_model": _dumped(folder, model, saved_by),
        "serialization_format": saved_by,
        "sklearn_version": import_module("sklearn").__version__,
    }
    return {**table, **({"skops_trusted_types": None} if version.startswith("3") else {})}


def _lightgbm(folder: Path, model: Any, version: str, saved_by: str) -> dict[str, Any]:
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    table: dict[str, Any] = {"lgb_version": import_module("lightgbm").__version__, "model_class": kind}
    saved_by = saved_by or ("skops" if version.startswith("3") else "cloudpickle")
    if version.startswith("3"):
        table |= {"serialization_format": saved_by, "skops_trusted_types": [*LIGHTGBM_TYPES]}
    if type(model).__name__ == "Booster":
        model.save_model(folder / "model.lgb")
        return {**table, "data": "model.lgb"}
    return {**table, "data": _dumped(folder, model, saved_by)}


def _xgboost(folder: Path, model: Any, version: str, _: str) -> dict[str, Any]:
    name = "model.ubj" if version.startswith("3") else "model.xgb"
    (folder / name).write_bytes(bytes(getattr(model, "get_booster", lambda: model)().save_raw("ubj")))
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    how = {} if version.startswith("1") else {"model_format": name.rpartition(".")[2]}
    return {"data": name, "model_class": kind, "xgb_version": import_module("xgboost").__version__, **how}


def _catboost(folder: Path, model: Any, _: str, __: str) -> dict[str, Any]:
    model.save_model(folder / "model.cb")
    version = import_module("catboost").__version__
    return {"catboost_version": version, "data": "model.cb", "model_type": type(model).__name__, "save_format": "cbm"}


def _onnx(folder: Path, content: bytes, _: str, __: str) -> dict[str, Any]:
    (folder / "model.onnx").write_bytes(content)
    table = {"data": "model.onnx", "onnx_version": import_module("onnx").__version__, "onnx_session_options": None}
    return {**table, "providers": ["CUDAExecutionProvider", "CPUExecutionProvider"]}


_WRITERS: Final = {
    "sklearn": _sklearn, "lightgbm": _lightgbm, "xgboost": _xgboost, "catboost": _catboost, "onnx": _onnx,
}  # fmt: skip


def _dumped(folder: Path, model: Any, saved_by: str) -> str:
    if saved_by == "skops":
        skops: Any = import_module("skops.io")
        skops.dump(model, folder / "model.skops")
        return "model.skops"
    with (folder / "model.pkl").open("wb") as file:
        _PICKLES[saved_by](model, file)
    return "model.pkl"


def _python_function(flavor: str, table: Mapping[str, Any], version: str) -> dict[str, Any]:
    env: Any = "conda.yaml" if version.startswith("1") else {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    is_sklearn = flavor == "sklearn"
    file = {"model_path": table["pickled_model"], "predict_fn": "predict"} if is_sklearn else {"data": table["data"]}
    code = {"code": table["code"]} if table["code"] else {}
    return {**file, **code, "env": env, "loader_module": f"mlflow.{flavor}", "python_version": "3.11.7"}


def _about(version: str, folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = {
        "mlflow_version": version,
        "model_uuid": "0f47d1e064ce42c79e79b104f9426d81",
        "utc_time_created": "2026-11-30 08:14:05.661649",
    }
    if not version.startswith("1"):
        about["model_size_bytes"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return about | ({"model_id": None, "prompts": None} if version.startswith("3") else {})


def _signature(version: str, inputs: Columns | None) -> dict[str, Any]:
    if inputs is None:
        return {}
    if not version.startswith("3"):
        inputs = [{key: value for key, value in column.items() if key != "required"} for column in inputs]
    outputs = json.dumps([array("int64")])
    of_hints = {"is_signature_from_type_hint": False, "type_hint_from_example": False}
    return {
        "signature": {"inputs": json.dumps(inputs), "outputs": outputs}
        | ({} if version.startswith("1") else {"params": None}),
        **(of_hints if version.startswith("3") else {}),
    }


def _example(folder: Path, version: str, example: Any) -> dict[str, Any]:
    if example is None:
        return {}
    is_frame = isinstance(example, pd.DataFrame)
    about: dict[str, Any] = {"artifact_path": "input_example.json", "type": "dataframe" if is_frame else "ndarray"}
    if is_frame:
        about["pandas_orient"] = "split"
        content = example.to_json(orient="split", index=False, date_format="iso", double_precision=15)
    else:
        content = json.dumps(example if version.startswith("3") else {"inputs": example})
        about |= {"format": "tf-serving"} if not version.startswith("3") else {}
    if version.startswith("3"):
        about["serving_input_path"] = "serving_input_example.json"
        (folder / "serving_input_example.json").write_text(json.dumps({"inputs": []}))
    (folder / "input_example.json").write_text(content)
    return {"saved_input_example_info": about}
