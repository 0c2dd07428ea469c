"""Everything that changes an answer is in the namespace: each setting and entry of a sidecar is decided here."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable, Sidecar
from foreseen.domain.identity.key import Namespace
from foreseen.settings import Settings, about_setting
from foreseen.wiring.model_loading import load_model
from support.models import save

CHANGES_ANSWERS = {"model", "features", "sidecar", "outputs", "rows_per_call", "model_threads", "code", "missing"}
"""Settings that may change the bytes of an answer, or which instance a key means."""

DECIDED_BY_GROUP = ("Server", "Access", "Logs")
"""Groups of settings about how requests come and go, none of which changes an answer."""

CHANGES_NOTHING = {
    # which file and model is meant, not what it answers
    "name", "model_sha256",
    # whether it is loaded at all
    "trusted_types",
    # what computes the same bits
    "model_engine",
    # where answers are kept, and how long
    "cache", "cache_nondeterministic", "ttl", "lru_max_entries", "lru_max_bytes", "redis_url", "redis_lookups",
    "redis_timeout", "redis_max_connections", "redis_secret", "redis_mode", "redis_user", "redis_password_file",
    "lease_min_cost", "lease",
}  # fmt: skip

SIDECARS = {
    "kind": 'kind = "other"',
    "takes": 'takes = "array"',
    "features": '[[features]]\nname = "size"\nexample = 3.0\n[[features]]\nname = "shade"',
    "dtype": '[[features]]\nname = "size"\ndtype = "float32"',
    "missing": '[[features]]\nname = "size"\nmissing = true',
    "fingerprint": '[fingerprint]\nfiles = ["model.joblib"]',
}
"""For each entry that changes answers or keys a sidecar in which it differs from what is found without."""

CHANGES_NO_ANSWER = {"extra_fields", "name", "example", "features"}
"""Entries that do not: which fields are rejected, what is shown; `name` alone says which feature is meant."""

WITH_OTHERS = {"shape", "categories", "ordered", "classes"}
"""Entries that are part of the signature or of the model's input, tested with those."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = pd.DataFrame({"size": np.arange(20.0), "shade": ["dark", "light"] * 10})
    columns = make_column_transformer((OrdinalEncoder(), ["shade"]), remainder="passthrough")
    fitted = make_pipeline(columns, DecisionTreeClassifier(random_state=0)).fit(frame, [0, 1] * 10)
    return save(fitted, tmp_path_factory.mktemp("decided"))


def namespace(model: Path, **settings: object) -> Namespace:
    return load_model(Settings(model=model, **settings)).info.namespace  # type: ignore[arg-type]


def test_every_setting_is_decided_upon() -> None:
    settings = {
        name for name, field in Settings.model_fields.items() if about_setting(field)["group"] not in DECIDED_BY_GROUP
    }

    assert settings == CHANGES_ANSWERS | CHANGES_NOTHING
    assert not CHANGES_ANSWERS & CHANGES_NOTHING


def test_every_entry_of_a_sidecar_is_decided_upon() -> None:
    entries = {*Sidecar.model_fields, *FeatureTable.model_fields}

    assert entries == {*SIDECARS, *CHANGES_NO_ANSWER, *WITH_OTHERS}


@pytest.mark.parametrize(
    "changed",
    [
        {"outputs": ("predict_proba",)},
        {"outputs": ("predict", "predict_proba")},
        {"rows_per_call": 7},
        {"rows_per_call": 0},
        {"model_threads": 2},
        {"features": ("extent", "shade")},
    ],
    ids=str,
)
def test_a_setting_that_changes_answers_changes_the_namespace(model: Path, changed: dict[str, object]) -> None:
    assert namespace(model, **changed) != namespace(model)


@pytest.mark.parametrize(
    "changed",
    [{"name": "other"}, {"cache": "none"}, {"ttl": 5.0}, {"model_isolation": "thread"}, {"model_engine": "library"}],
    ids=str,
)
def test_a_setting_that_changes_no_answer_keeps_the_namespace(model: Path, changed: dict[str, object]) -> None:
    assert namespace(model, **changed) == namespace(model)


@pytest.mark.parametrize("entry", sorted(set(SIDECARS) - {"features"}))
def test_a_sidecar_entry_that_changes_answers_changes_the_namespace(model: Path, entry: str, tmp_path: Path) -> None:
    assert namespace(model, sidecar=sidecar(tmp_path, SIDECARS[entry])) != namespace(model)


@pytest.mark.parametrize(
    "text", ['extra_fields = "ignore"', '[[features]]\nname = "size"\nexample = 7.0'], ids=["extra fields", "example"]
)
def test_a_sidecar_entry_that_changes_no_answer_keeps_the_namespace(model: Path, text: str, tmp_path: Path) -> None:
    assert namespace(model, sidecar=sidecar(tmp_path, text)) == namespace(model)


def sidecar(folder: Path, text: str) -> Path:
    path = folder / "sidecar.toml"
    (folder / "model.joblib").write_bytes(b"what its code reads")
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path
