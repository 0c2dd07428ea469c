"""Files that do not load say what they are and what helps, in one line (F, D5)."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.cluster import DBSCAN
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.unpickling.saved_version import is_other_release
from foreseen.domain.errors import ModelUnavailableError
from support.models import iris_forest, iris_logistic, save

OLD = Path(__file__).parent / "files"


def _rejection(path: Path) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: expected ")
    assert "\n" not in said
    return said


def _written(content: bytes, folder: Path, name: str = "model.joblib") -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def _old(name: str, folder: Path) -> Path:
    return _written((OLD / f"{name}.joblib").read_bytes(), folder)


@pytest.mark.parametrize(
    ("name", "version"), [("boosting-1.5.2", "1.5.2"), ("columns-1.6.1", "1.6.1")], ids=["boosting", "columns"]
)
def test_another_scikit_learn_is_named_to_be_installed(name: str, version: str, tmp_path: Path) -> None:
    if not is_other_release(version):
        pytest.skip(f"{version} is installed")
    said = _rejection(_old(name, tmp_path))

    assert f"can load, got one that was saved by scikit-learn {version}" in said
    assert f"install scikit-learn=={version} or train it again under scikit-learn {sklearn.__version__}" in said


def test_a_model_of_an_unsupported_version_has_to_be_retrained(tmp_path: Path) -> None:
    said = _rejection(_old("forest-1.2.2", tmp_path))

    assert "saved by scikit-learn 1.2.2" in said
    assert f"train it again under scikit-learn {sklearn.__version__}" in said
    assert "install" not in said


@pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8),
    reason="its scikit-learn reads the file of 1.7.2 as it should",
)
def test_a_model_that_could_never_answer_is_rejected_at_load(tmp_path: Path) -> None:
    assert "saved by scikit-learn 1.7.2 ('SimpleImputer' object" in _rejection(_old("imputer-1.7.2", tmp_path))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_version_is_found_in_every_protocol_of_pickle(protocol: int, tmp_path: Path) -> None:
    written = pickle.dumps(iris_logistic(), protocol=protocol)

    said = _rejection(_written(_as_of_another_version(written), tmp_path))

    assert f"saved by scikit-learn {OTHER}" in said


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "not": bytes,
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "lzma": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE),
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_the_version_is_found_however_joblib_compressed_the_file(name: str, tmp_path: Path) -> None:
    held = io.BytesIO()
    joblib.dump(iris_forest(3), held)
    content = PACKED[name](_as_of_another_version(held.getvalue()))

    assert f"saved by scikit-learn {OTHER}" in _rejection(_written(content, tmp_path))


OTHER = "8" + sklearn.__version__[1:]
"""A version that is as long as the installed one."""


def _as_of_another_version(written: bytes) -> bytes:
    """Change the version that a file records, and the name of a class of scikit-learn to one that is not there."""
    changed = written.replace(sklearn.__version__.encode(), OTHER.encode())
    for name in (b"LogisticRegression", b"DecisionTreeClassifier"):
        changed = changed.replace(name, name[:-1] + b"X")
    return changed


def _zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, b"content")
    return held.getvalue()


def _tarred(name: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return held.getvalue()


def _safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def _saved_array(write: Callable[..., Any]) -> bytes:
    held = io.BytesIO()
    write(held, np.arange(3.0))
    return held.getvalue()


FORMATS: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "an empty file", "copy it again"),
    "zeros": (bytes(9000), "a file that begins with zeros", "copy it again"),
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
        "a Git LFS pointer",
        "git lfs pull",
    ),
    "HTML": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "an HTML or XML page", "download it again"),
    "XML of S3": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "a failed download", ""),
    "one byte": (b"\x80", "a file of an unknown format, which begins with 80", ""),
    "one byte of ONNX": (b"\x08", "a file of an unknown format, which begins with 08", ""),
    "LightGBM JSON": (b'{"name": "tree", "version": "v4", "num_class": 1}', "a dump of a LightGBM model", "Booster"),
    "ORT": (b"\x18\x00\x00\x00ORTM\x00", "a model in the own format of ONNX Runtime", "name the ONNX file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file", "was saved to"),
    "Keras HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(60) + b"keras_version", "a Keras model", "save it as model.keras"),
    "torch.save": (_zipped("archive/data.pkl", "archive/version"), "a file that torch.save wrote", "torch.export.save"),
    "torch.save before 1.6": (pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2), "torch.save", "torch.export.save"),
    "safetensors": (_safetensors(), "weights in safetensors", "write a class"),
    "GGUF": (b"GGUF\x03\x00\x00\x00", "a language model in GGUF", "write a class"),
    "TensorFlow Lite": (b"\x1c\x00\x00\x00TFL3\x14\x00", "a TensorFlow Lite model", "write a class"),
    "PMML": (b'<?xml version="1.0"?>\n<PMML version="4.4">', "a PMML model", "joblib.dump"),
    "XML": (b'<?xml version="1.0"?>\n<net name="m">', "an XML document", "was saved to"),
    "MOJO": (_zipped("model.ini", "domains/d.txt"), "an H2O MOJO model", "write a class"),
    "zip of a pickle": (_zipped("best/model.pkl"), "a zip archive that holds best/model.pkl", "unpack it"),
    "zip of data.pkl": (_zipped("data.pkl", "notes.txt"), "a zip archive that holds data.pkl", "unpack it"),
    "zip cut off": (_zipped("best/model.pkl")[:60], "a zip archive that is damaged or cut off", "copy it again"),
    "spreadsheet": (
        _zipped("[Content_Types].xml", "xl/workbook.xml"),
        "an Office document, which is data and not a model",
        "",
    ),
    "tar.gz": (_tarred("model.joblib"), "a tar archive", "unpack it"),
    "numpy.save": (_saved_array(np.save), "an array that numpy.save wrote, which is data and not a model", ""),
    "numpy.savez": (_saved_array(np.savez), "arrays that numpy.savez wrote, which is data and not a model", ""),
    "Parquet": (b"PAR1\x15\x04\x15", "a Parquet file, which is data and not a model", ""),
    "CSV": (b"colour,weight\nred,1\n", "what looks like a CSV file, which is data and not a model", ""),
    "CSV of Excel": (b"\xef\xbb\xbfcolour;weight\r\nred;1,5\r\n", "what looks like a CSV file", ""),
    "a script": (b"import joblib\nmodel = 1\n", "a text that begins with 'import joblib'", "was saved to"),
    "words": (b"this is a shopping list\nmilk\n", "a text that begins with 'this is a", ""),
    "a sentence": (b"this is no model.", "a text that begins with 'this is no model.'", ""),
    "JSON": (b'{"model": 1}', "a JSON document", ""),
    "R": (gzip.compress(b"X\n\x00\x00\x00\x03\x00\x04"), "a file that R wrote", "train the model in Python"),
    "noise": (bytes(range(200, 256)), "a file of an unknown format, which begins with c8 c9 ca", ""),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_another_format_is_named_with_advice(name: str, tmp_path: Path) -> None:
    content, what, advice = FORMATS[name]

    said = _rejection(_written(content, tmp_path))

    assert what in said
    assert advice in said


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("xz", 3)], ids=str)
def test_a_truncated_file_is_reported_as_such(compress: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(iris_forest(5), path, compress=compress)

    assert "expected a whole file" in _rejection(_written(_cut(path.read_bytes()), tmp_path))


def test_a_pickle_within_gzip_is_simply_loaded(tmp_path: Path) -> None:
    path = _written(gzip.compress(pickle.dumps(iris_forest(2))), tmp_path, "model.pkl.gz")

    assert load_predictor(path).info.signature.kind == "classification"


FOLDERS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "SavedModel as text": (("saved_model.pbtxt",), "a TensorFlow SavedModel as text", "tf.saved_model.save"),
    "around a SavedModel": (("model/saved_model.pb",), "around a TensorFlow SavedModel", "name {folder}/model"),
    "around MLflow's": (("model/MLmodel", "model/model.pkl"), "around an MLflow model", "name {folder}/model"),
    "Hugging Face": (("config.json", "model.safetensors"), "a Hugging Face model", "write a class"),
    "Spark": (("metadata/part-00000", "stages/0/x"), "a Spark ML model", "write a class"),
    "of one's own": (("best.joblib", "train.csv"), "a directory", "name {folder}/best.joblib"),
    "of a booster": (("loan.ubj", "loan.toml"), "a directory without the MLmodel", "name {folder}/loan.ubj"),
    "of nothing known": (
        ("train.csv",),
        "a directory without the MLmodel",
        "name the file that the model was saved to",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_rejected_with_the_model_file_in_it(name: str, tmp_path: Path) -> None:
    names, what, advice = FOLDERS[name]
    folder = tmp_path / "model"
    for place in names:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).touch()

    said = _rejection(folder)

    assert what in said
    assert advice.format(folder=folder) in said


def test_the_outermost_folder_is_rejected_like_any_other() -> None:
    assert _rejection(Path("/")).startswith("/: expected a model file, got a directory")


def test_a_saved_model_without_tensorflow_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/variables.index"):
        (folder / name).touch(0o600)

    assert _rejection(folder) == (
        f"{folder}: expected tensorflow, which reads SavedModels; try: pip install 'foreseen[tensorflow]'"
    )


class Prepared:
    """A class whose objects predict; pickled itself, by mistake."""

    def predict(self, rows: Any) -> Any:
        return rows


def _average(rows: Any) -> Any:
    return rows


class _Lines:
    """Is shown in two lines."""

    def __repr__(self) -> str:
        return "one\ntwo"


OBJECTS: dict[str, tuple[Any, str, str]] = {
    "a dict of two": (
        {"scaler": StandardScaler(), "model": LogisticRegression()},
        "dict with 'scaler' (StandardScaler), 'model' (LogisticRegression)",
        "make_pipeline(scaler, model)",
    ),
    "a tuple": ((LogisticRegression(), ["a", "b"]), "tuple of LogisticRegression, list", "save one object"),
    "a long list": ([LogisticRegression()] * 7, "LogisticRegression and 2 more", "save one object"),
    "a dict of long keys": (
        {"a" * 1000: 1, (1, _Lines()): 2},
        f"dict with '{'a' * 39} (int), (1, one two) (int);",
        "save one object",
    ),
    "an empty dict": ({}, "dict with nothing", "save one object"),
    "an array": (np.zeros((3, 2)), "data, ndarray of shape (3, 2)", "save the model"),
    "a frame": (pd.DataFrame({"a": [1, 2]}), "data, DataFrame of shape (2, 1)", "save the model"),
    "a text": ("model.joblib", "got str", "write a class with predict"),
    "nothing": (None, "got None", "write a class with predict"),
    "a function": (_average, "the function _average", "write a class with predict"),
    "a class": (Prepared, "the class Prepared itself", "save an instance of it"),
    "a transformer": (StandardScaler(), "StandardScaler, which has transform but no predict", "a Pipeline that ends"),
    "a clustering": (DBSCAN(), "DBSCAN, which labels only the rows that it is fitted on", "a model with predict"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_is_no_model_is_described(name: str, tmp_path: Path) -> None:
    held, what, advice = OBJECTS[name]

    said = _rejection(save(held, tmp_path))

    assert what in said
    assert advice in said


@pytest.mark.parametrize("wrapped", [False, True], ids=["module", "dict of weights"])
def test_a_pytorch_model_has_to_be_wrapped(wrapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch: Any = ModuleType("torch")
    torch.Tensor = type("Tensor", (), {"__module__": "torch"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    held = {"fc.weight": torch.Tensor()} if wrapped else torch.Tensor()

    assert "write a class with predict in a module of your own" in _rejection(save(held, tmp_path))


def test_an_unfitted_search_is_reported_as_such(tmp_path: Path) -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]})

    assert "expected a fitted model, got GridSearchCV that is not fitted" in _rejection(save(search, tmp_path))


MISSING = {
    "imblearn.pipeline": "pip install imbalanced-learn",
    "xgboost.sklearn": "pip install xgboost",
    "category_encoders.target": "pip install category-encoders",
    "lightgbm.sklearn": "pip install lightgbm",
}


@pytest.mark.parametrize("module", MISSING)
def test_a_missing_library_is_named_as_pip_installs_it(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = module.partition(".")[0]
    monkeypatch.setitem(sys.modules, top, None)  # as if it were not installed

    assert MISSING[module] in _rejection(_written(f"c{module}\nModel\n)\x81.".encode("latin-1"), tmp_path))


def test_a_module_of_another_library_version_names_the_library(tmp_path: Path) -> None:
    said = _rejection(_written(b"cpandas.core.was_here\nIndex\n)\x81.", tmp_path))

    assert f"got pandas {pd.__version__}, which has no such module" in said
    assert "install the version of pandas that the model was saved under" in said


def test_a_class_of_another_library_version_names_the_library(tmp_path: Path) -> None:
    said = _rejection(_written(b"cpandas.core.frame\nWasHere\n)\x81.", tmp_path))

    assert f"another version of pandas than {pd.__version__}" in said


def test_a_pickle_with_a_wrong_byte_seems_damaged(tmp_path: Path) -> None:
    content = bytearray(pickle.dumps(iris_logistic()))
    content[40] = 0xFE

    assert "seems damaged" in _rejection(_written(bytes(content), tmp_path))


def test_a_pickle_of_python_2_is_reported_as_such(tmp_path: Path) -> None:
    assert "got one of Python 2; try: train it again" in _rejection(_written(b"\x80\x02U\x04caf\xe9.", tmp_path))


def test_a_module_that_numpy_renamed_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _rejection(_written(b"cnumpy.core.numeric\n_frombuffer\n.", tmp_path))

    assert caplog.records == []


def test_a_random_generator_of_another_numpy_names_numpy(tmp_path: Path) -> None:
    written = b"cnumpy.random._pickle\n__bit_generator_ctor\nX\x04\x00\x00\x00Zeno\x85R."

    said = _rejection(_written(written, tmp_path))

    assert "saved under another numpy" in said


def test_an_old_scikit_learn_is_rejected_before_anything_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreseen.adapters.predictor.unpickling.saved_version.metadata.version", lambda name: "1.3.2")

    with pytest.raises(ModelUnavailableError, match=r"expected scikit-learn 1\.4 or newer, got 1\.3\.2; try: pip"):
        load_predictor(_written(pickle.dumps(None), tmp_path))


@pytest.mark.parametrize(("version", "is_other"), [("1.3.2", True), ("2.0", True), (sklearn.__version__, False)])
def test_a_release_that_only_fixes_bugs_is_no_other_one(version: str, is_other: bool) -> None:
    assert is_other_release(version) is is_other
    assert is_other_release(f"{sklearn.__version__}.post1") is False
