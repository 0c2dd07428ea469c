"""Models that skops saved: the same answers as from joblib, and no code of the file runs."""

import io
import json
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.probe import probe_batch
from support.models import save

skops: Any = import_module("skops.io")

IRIS = load_iris(return_X_y=True, as_frame=True)
COMPILED = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
)
"""Types that skops leaves to be trusted: what they compute with is not checked when it is read."""
MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression behind a scaler": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "neighbours": KNeighborsClassifier,
    "support vectors": SVC,
    "forest": lambda: RandomForestClassifier(5, random_state=0),
    "histograms": lambda: HistGradientBoostingClassifier(max_iter=3),
}


def saved(model: Any, folder: Path, name: str = "model.skops") -> Path:
    """Save a model by skops."""
    path = folder / name
    skops.dump(model, path)
    path.chmod(0o600)
    return path


def load(path: Path, *trusted: str) -> Predictor:
    return load_predictor(path, trusted_types=trusted, engine="library")


def changed(path: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    """Write an archive again with one of its files changed."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, change(content) if name == member else content)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_as_the_one_that_joblib_saved(name: str, tmp_path: Path) -> None:
    model = MODELS[name]().fit(*IRIS)
    by_skops, by_joblib = (
        load(saved(model, tmp_path), *COMPILED),
        load_predictor(save(model, tmp_path), engine="library"),
    )
    batch = probe_batch(by_joblib.info.signature)

    assert by_skops.info.signature == by_joblib.info.signature
    assert by_skops.info.versions == by_joblib.info.versions
    assert (by_skops.info.loaded_from.runs_code, by_joblib.info.loaded_from.runs_code) == (False, True)
    assert by_skops.predict(batch).encode() == by_joblib.predict(batch).encode()


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(*IRIS), tmp_path, "model.joblib")

    assert load(path).info.signature.kind == "regression"


def test_types_that_are_not_trusted_are_listed(tmp_path: Path) -> None:
    path = saved(RandomForestClassifier(2).fit(*IRIS), tmp_path)

    with pytest.raises(ModelUnavailableError) as error:
        load(path, "mycode.Model")

    expected = "expected types that skops trusts, got sklearn.tree._tree.Tree; if you know them"
    assert str(error.value).startswith(f"{path}: {expected}")
    assert str(error.value).endswith("try: --trusted-types mycode.Model,sklearn.tree._tree.Tree")


def test_a_type_of_ones_own_is_trusted_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flat_models.py").write_text(
        "class Flat:\n    def predict(self, rows):\n        return [1.5] * len(rows)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    path = saved(import_module("flat_models").Flat(), tmp_path)
    path.with_suffix(".toml").write_text('[[features]]\nname = "a"\n')
    del sys.modules["flat_models"]

    predictor = load(path, "flat_models.Flat")

    assert predictor.predict(probe_batch(predictor.info.signature, 1)).encode().bodies == [b'{"prediction":1.5}']


@pytest.mark.parametrize(("module", "name"), [("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen")])
def test_a_hostile_type_is_named_and_not_called(module: str, name: str, tmp_path: Path) -> None:
    def hostile(schema: bytes) -> bytes:
        found = json.loads(schema)
        found["content"] |= {"__module__": module, "__class__": name}
        return json.dumps(found).encode()

    path = changed(saved(LinearRegression().fit(*IRIS), tmp_path), "schema.json", hostile)

    with pytest.raises(ModelUnavailableError, match=f"expected types that skops trusts, got {module}.{name}"):
        load(path)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no JSON": lambda _: b"{",
    "another document": lambda _: b"[]",
    "deep JSON": lambda _: b'{"content":' * 100_000,
    "no text": lambda _: b"\xff\xfe\x00",
    "an unknown loader": lambda schema: schema.replace(b'"__loader__": "ObjectNode"', b'"__loader__": "Nothing"', 1),
    "an array that is missing": lambda schema: schema.replace(b'.npy"', b'.npz"'),
    "another protocol": lambda schema: schema.replace(b'"protocol": ', b'"protocol": 9'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_schema_is_an_error_of_one_line(damage: str, tmp_path: Path) -> None:
    path = changed(saved(LinearRegression().fit(*IRIS), tmp_path), "schema.json", DAMAGES[damage])

    with pytest.raises(ModelUnavailableError, match=r"^[^\n]*expected [^\n]*$"):
        load(path)


@pytest.mark.parametrize("change", [lambda data: data[:100], lambda data: b"\x93NUMPY\x09\x09" + data[8:]])
def test_a_damaged_array_is_an_error_of_one_line(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(*IRIS), tmp_path)
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".npy"))

    with pytest.raises(ModelUnavailableError, match=r"^[^\n]*expected [^\n]*$"):
        load(changed(path, member, change))


def test_bytes_that_were_changed_are_found(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(*IRIS), tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 130] ^= 1
    path.write_bytes(content)

    with pytest.raises(ModelUnavailableError, match=r"expected a whole archive of skops: .*CRC"):
        load(path)


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([print], dtype=object), allow_pickle=True)
    path = saved(LinearRegression().fit(*IRIS), tmp_path)
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".npy"))

    with pytest.raises(ModelUnavailableError, match="allow_pickle=False"):
        load(changed(path, member, lambda _: buffer.getvalue()))


def test_an_archive_that_unpacks_to_far_more_is_not_read(tmp_path: Path) -> None:
    path = saved(LinearRegression().fit(*IRIS), tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.npy", bytes(80 * 2**20))

    with pytest.raises(ModelUnavailableError, match="expected an archive that unpacks to 67,108,864 bytes at most"):
        load(path)


def test_the_extra_is_named_where_skops_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(LinearRegression().fit(*IRIS), tmp_path)
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.delitem(sys.modules, "skops.io")

    with pytest.raises(ModelUnavailableError, match=r"expected skops, which .*; try: pip install 'foreseen\[skops\]'"):
        load(path)
