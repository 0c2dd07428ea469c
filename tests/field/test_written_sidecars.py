"""`foreseen inspect --write-sidecar` writes what was found, guesses marked; a sample says more than a guess."""

import json
import tomllib
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.command_in_process import run_here
from support.models import digits_forest, iris_logistic, mixed_pipeline, save
from support.own_functions import Weekday, as_text, parts_of_dates
from support.own_models import Doubler

SHOPS = pd.DataFrame({"store": [1, 2, 3, 4] * 10, "price": np.linspace(1, 2, 40), "city": ["Oslo", "Rome"] * 20})


def _shops() -> Any:
    text = make_pipeline(FunctionTransformer(as_text), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer([("s", text, ["store"]), ("c", OneHotEncoder(), ["city"])], remainder="passthrough")
    return make_pipeline(columns, LogisticRegression()).fit(SHOPS, SHOPS["store"] == 3)


SIGNUPS = pd.DataFrame({"signup": pd.date_range("2024-01-01", periods=40), "age": range(30, 70)})


def _signups() -> Any:
    days = make_pipeline(FunctionTransformer(parts_of_dates), StandardScaler())
    columns = ColumnTransformer([("d", days, ["signup"])], remainder="passthrough")
    return make_pipeline(columns, LogisticRegression()).fit(SIGNUPS, SIGNUPS["age"] > 50)


MODELS = {"shops": _shops, "mixed": mixed_pipeline, "numbered": iris_logistic}


@pytest.mark.parametrize("name", MODELS)
def test_a_written_sidecar_identifies_the_same_model(name: str, tmp_path: Path) -> None:
    path = save(MODELS[name](), tmp_path)
    before = load_predictor(path, rows_per_call=1).info

    done = run_here("inspect", path, "--write-sidecar", "--rows-per-call", "1")

    assert (done.returncode, done.stderr.decode()) == (0, f"{path.with_suffix('.toml')}: written\n")
    assert load_predictor(path, rows_per_call=1).info == before


def test_guesses_are_marked_and_known_types_name_their_source(tmp_path: Path) -> None:
    path = save(Weekday(), tmp_path)
    run_here("inspect", path, "--write-sidecar", "--features", "day", "--rows-per-call", "1")

    text = path.with_suffix(".toml").read_text()

    assert 'dtype = "float64"  # GUESSED' in text
    known = save(_shops(), tmp_path, "shops.joblib")
    run_here("inspect", known, "--write-sidecar", "--rows-per-call", "1")
    assert 'dtype = "string"  # categories_ of OneHotEncoder' in known.with_suffix(".toml").read_text()


def test_a_sidecar_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = save(mixed_pipeline(), tmp_path)
    sidecar = path.with_suffix(".toml")
    sidecar.write_text('[fingerprint]\nfiles = ["*.joblib"]\n')

    rejected = run_here("inspect", path, "--write-sidecar")

    assert rejected.returncode == 1
    assert b"expected no sidecar, got one that exists; --force replaces it" in rejected.stderr
    assert run_here("inspect", path, "--write-sidecar", "--force", "--rows-per-call", "1").returncode == 0
    assert tomllib.loads(sidecar.read_text())["fingerprint"]["files"] == ["*.joblib"]


def test_a_sidecar_that_the_model_needs_is_kept_and_named(tmp_path: Path) -> None:
    path = save(Weekday(), tmp_path)
    sidecar = path.with_suffix(".toml")
    sidecar.write_text('[[features]]\nname = "day"\ndtype = "int64"\n')
    before = sidecar.read_text()

    rejected = run_here("inspect", path, "--write-sidecar", "--force", "--rows-per-call", "1")

    assert rejected.returncode == 1
    assert rejected.stderr.decode().endswith(f"; or keep what is in {sidecar}: --sidecar {sidecar} --force\n")
    assert sidecar.read_text() == before
    _written(path, "--force", "--sidecar", sidecar)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_a_sample_determines_dtypes_missing_values_and_examples(form: str, tmp_path: Path) -> None:
    path = save(Weekday(), tmp_path)
    frame = pd.DataFrame({"day": [12, 13], "note": ["wet", None]})
    sample = tmp_path / f"train.{form}"
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet}.get(form)
    write(sample, index=False) if write else frame.to_json(sample, orient="records", lines=True)

    run_here("inspect", path, "--write-sidecar", "--sample", sample, "--features", "day,note", "--rows-per-call", "1")

    day, note = tomllib.loads(path.with_suffix(".toml").read_text())["features"]
    assert (day["dtype"], day["missing"], day["example"]) == ("int64", False, 12)
    assert (note["missing"], note["example"]) == (True, "wet")
    assert note["dtype"] in ("string", "str")


def test_an_unreadable_sample_is_rejected(tmp_path: Path) -> None:
    path = save(mixed_pipeline(), tmp_path)

    away = run_here("inspect", path, "--write-sidecar", "--sample", "away.csv")
    alone = run_here("inspect", path, "--sample", "away.csv")

    assert (away.returncode, alone.returncode) == (1, 2)
    assert b"away.csv: expected a sample of training data, got no such file" in away.stderr
    assert b"expected --write-sidecar beside --sample or --force" in alone.stderr


def test_inspect_shows_where_each_dtype_is_from(tmp_path: Path) -> None:
    said = run_here("inspect", save(_shops(), tmp_path), "--rows-per-call", "1").stdout.decode()

    assert "a DataFrame" in said
    assert "found by trial" in said
    assert "any number will do" in said
    assert "categories_ of" in said


def test_an_image_is_written_with_its_shape(tmp_path: Path) -> None:
    path = save(digits_forest(), tmp_path)
    sidecar = path.with_suffix(".toml")
    sidecar.write_text('[[features]]\nname = "image"\nshape = [8, 8]\n')
    before = load_predictor(path, rows_per_call=1).info

    run_here("inspect", path, "--write-sidecar", "--sidecar", sidecar, "--force", "--rows-per-call", "1")

    assert load_predictor(path, rows_per_call=1).info == before


def test_force_finds_types_afresh_whatever_stood_there(tmp_path: Path) -> None:
    path = save(_signups(), tmp_path)
    sample = tmp_path / "train.csv"
    SIGNUPS.to_csv(sample, index=False)
    path.with_suffix(".toml").write_text('[[features]]\nname = "signup"\ndtype = "string"\n')

    _written(path, "--force", "--sample", sample)
    first = path.with_suffix(".toml").read_text()
    _written(path, "--force", "--sample", sample)

    signup, age = tomllib.loads(first)["features"]
    assert signup["dtype"].startswith("datetime64[")
    assert (age["dtype"], age["example"]) == ("float64", 30)
    assert "any number will do; the sample has int64" in first
    assert path.with_suffix(".toml").read_text() == first


def test_categories_of_a_booster_outlive_a_csv_sample(tmp_path: Path) -> None:
    frame = pd.DataFrame({"plan": pd.Categorical(["free", "pro"] * 40), "spend": np.linspace(0, 9, 80)})
    path = save(lightgbm.LGBMRegressor(n_estimators=2, verbose=-1).fit(frame, np.arange(80.0)), tmp_path)
    sample = tmp_path / "train.csv"
    frame.to_csv(sample, index=False)

    for _ in range(2):
        _written(path, "--force", "--sample", sample)
        plan = tomllib.loads(path.with_suffix(".toml").read_text())["features"][0]
        assert (plan["dtype"], plan["categories"], plan["example"]) == ("category", ["free", "pro"], "free")


@pytest.mark.parametrize("broken", ["[[features", 'name = "a" "', '[[features]]\nname = "day"\ndtype = "int"\n'])
def test_force_replaces_a_sidecar_that_does_not_load(broken: str, tmp_path: Path) -> None:
    path = save(mixed_pipeline(), tmp_path)
    path.with_suffix(".toml").write_text(broken)

    _written(path, "--force")

    assert load_predictor(path, rows_per_call=1).info.signature.names


def test_a_sidecar_that_breaks_the_model_is_not_written(tmp_path: Path) -> None:
    path = save(Doubler(), tmp_path)
    sidecar = path.with_suffix(".toml")
    sample = tmp_path / "train.csv"
    pd.DataFrame({"day": ["one", "two"]}).to_csv(sample, index=False)

    args = ("--write-sidecar", "--sample", sample, "--features", "day", "--rows-per-call", "1")
    done = run_here("inspect", path, *args)

    assert (done.returncode, done.stdout) == (1, b"")
    assert f"{sidecar}: not written: expected the model to load with what was found" in done.stderr.decode()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.joblib", "train.csv"]


def test_findings_are_shown_as_they_are_written(tmp_path: Path) -> None:
    path = save(mixed_pipeline(), tmp_path)

    as_json = _written(path, "--json")
    as_table = _written(path, "--force")

    assert json.loads(as_json.stdout)["fingerprint"] == load_predictor(path, rows_per_call=1).info.fingerprint.hex()
    assert b"FEATURE" in as_table.stdout
    assert as_table.stderr.decode() == f"{path.with_suffix('.toml')}: written\n"


def test_the_fingerprint_shown_is_that_with_the_new_sidecar(tmp_path: Path) -> None:
    path = save(Weekday(), tmp_path)
    sample = tmp_path / "train.csv"
    pd.DataFrame({"day": [12, 13]}).to_csv(sample, index=False)

    done = _written(path, "--json", "--features", "day", "--sample", sample)

    assert json.loads(done.stdout)["fingerprint"] == load_predictor(path, rows_per_call=1).info.fingerprint.hex()
    assert b"GUESSED" not in done.stderr


def test_a_named_sidecar_keeps_the_sources_of_its_types(tmp_path: Path) -> None:
    path = save(Weekday(), tmp_path)
    sidecar, sample = path.with_suffix(".toml"), tmp_path / "train.csv"
    pd.DataFrame({"day": [12, 13]}).to_csv(sample, index=False)
    _written(path, "--features", "day")
    guessed = sidecar.read_text()

    again = _written(path, "--sidecar", sidecar, "--force")
    assert sidecar.read_text() == guessed
    assert b"check what is marked GUESSED" in again.stderr

    _written(path, "--sidecar", sidecar, "--force", "--sample", sample)
    _written(path, "--sidecar", sidecar, "--force")
    assert 'dtype = "int64"  # as the sample has it' in sidecar.read_text()


def test_a_folder_where_the_sidecar_would_be_is_one_line(tmp_path: Path) -> None:
    path = save(mixed_pipeline(), tmp_path)
    path.with_suffix(".toml").mkdir()

    done = run_here("inspect", path, "--write-sidecar", "--force", "--rows-per-call", "1")

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"expected a place to write a sidecar: Is a directory" in done.stderr


def _written(path: Path, *args: object) -> Any:
    done = run_here("inspect", path, "--write-sidecar", "--rows-per-call", "1", *args)
    assert done.returncode == 0, done.stderr
    return done
