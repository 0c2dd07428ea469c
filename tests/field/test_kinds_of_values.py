"""Values of the kinds people have are the same instance by every way in (E1, E3, E4, E5, I16, I17)."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from foreseen.domain.values.signature import Feature, Signature
from support.command_in_process import run_here
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around, wired_with
from support.models import save

MEMBERS = pd.DataFrame({"member": [True, False] * 20, "age": [*range(20, 60)]})
HAS_BOUGHT = (MEMBERS.age > 40) ^ MEMBERS.member
KINDS = """
[[features]]
name = "member"
dtype = "bool"
missing = {missing}
[[features]]
name = "age"
dtype = "int64"
missing = {missing}
"""


@pytest.fixture(params=["the model's own signature", "a sidecar"])
def members(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model fitted on a frame with a column of bools and one of integers."""
    path = save(LogisticRegression().fit(MEMBERS, HAS_BOUGHT.astype(int)), tmp_path)
    if request.param == "a sidecar":
        path.with_suffix(".toml").write_text(KINDS.format(missing="false"))
    return path


def scored(model: Path, name: str) -> list[str]:
    """Score a file beside the model, and return its predictions as text."""
    done = run_here("score", model, name, "-o", "out.csv", "--force", cwd=model.parent)
    assert done.returncode == 0, done.stderr.decode()
    with (model.parent / "out.csv").open(newline="") as out:
        return [row["prediction"] for row in csv.DictReader(out)]


def written(frame: pd.DataFrame, folder: Path, name: str) -> str:
    """Write a frame as pandas does."""
    write = {
        "csv": lambda out: frame.to_csv(out, index=False),
        "jsonl": lambda out: frame.to_json(out, orient="records", lines=True),
        "parquet": frame.to_parquet,
    }
    write[name.rpartition(".")[2]](folder / name)
    return name


@pytest.mark.parametrize("name", ["in.csv", "in.jsonl", "in.parquet"])
def test_bools_and_integers_of_frames_score_like_the_model(members: Path, name: str) -> None:
    right = [str(label) for label in LogisticRegression().fit(MEMBERS, HAS_BOUGHT.astype(int)).predict(MEMBERS)]

    assert scored(members, written(MEMBERS, members.parent, name)) == right


def test_bools_and_integers_are_one_instance_however_they_are_written(members: Path) -> None:
    with service(wired_with(members, cache="lru")) as served:
        replies = [
            served.post({"member": True, "age": 40}),
            served.post({"member": 1, "age": 40.0}),
            served.post({"instances": [[True, 40]]}),
            served.get(member="True", age="40.0"),
            served.get(member="true", age="40"),
            served.get(member="1", age="40"),
        ]

    assert {reply.status for reply in replies} == {200}
    assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}


NULLABLE = pd.DataFrame(
    {"member": pd.array([True, None, False], dtype="boolean"), "age": pd.array([None, 40, 31], dtype="Int64")}
)


@pytest.mark.parametrize("dtype", [None, "Float64", "float64"])
def test_missing_integers_and_bools_are_missing_in_every_format(dtype: Any, tmp_path: Path) -> None:
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(MEMBERS.astype(float), HAS_BOUGHT.astype(int))
    path = save(model, tmp_path)
    path.with_suffix(".toml").write_text(KINDS.format(missing="true"))
    frame = NULLABLE.astype(dtype) if dtype else NULLABLE
    right = [str(label) for label in model.predict(NULLABLE.astype("float64"))]

    for name in ("in.csv", "in.jsonl", "in.parquet"):
        assert scored(path, written(frame, tmp_path, name)) == right


def test_a_rejected_null_says_how_to_allow_missing_values(tmp_path: Path) -> None:
    path = save(LogisticRegression().fit(MEMBERS, HAS_BOUGHT.astype(int)), tmp_path)
    name = written(NULLABLE, tmp_path, "in.csv")

    done = run_here("score", path, name, "-o", "out.csv", "--rejects", "bad.csv", cwd=tmp_path)

    assert done.returncode == 3, done.stderr.decode()
    reasons = [row["reason"] for row in csv.DictReader(io.StringIO((tmp_path / "bad.csv").read_text()))]
    hint = "if it may be missing, declare missing = true for it in the sidecar"
    assert reasons == [f"expected a number, got nothing; {hint}"] * 2


VISITS = Signature(
    (Feature("day", "datetime"), Feature("at", "datetime_tz", missing=True), Feature("fare")),
    ignored=("passenger", "ticket"),
)


@pytest.fixture
def visits() -> Iterator[Service]:
    with service(wired_around(FakePredictor(VISITS), cache="lru")) as served:
        yield served


def test_dates_are_equal_however_pandas_and_python_write_them(visits: Service) -> None:
    day, at = pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-02 03:04:05.25", tz="Europe/Oslo")
    replies = [
        visits.post({"day": str(day), "at": str(at), "fare": 1}),
        visits.post({"day": day.isoformat(), "at": at.isoformat(), "fare": 1}),
        visits.post({"day": str(day.date()), "at": at.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "fare": 1}),
        visits.get(day=day, at=at, fare=1),
    ]

    assert {reply.status for reply in replies} == {200}
    assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}


def test_a_date_is_never_guessed(visits: Service) -> None:
    right = {"day": "2024-01-02", "at": None, "fare": 1}
    wrong = [
        ("day", "01/02/2024"),
        ("day", 1704153600000),
        ("day", "2024-01-02T00:00:00Z"),
        ("at", "2024-01-02T00:00:00"),
    ]

    for name, value in wrong:
        reply = visits.post(right | {name: value})
        assert reply.status == 422
        assert reply.json()["detail"].startswith(f"{name}: expected a date ")


def test_dropped_columns_may_have_any_value_or_be_absent(visits: Service) -> None:
    right = {"day": "2024-01-02", "fare": 3}
    dropped = {"passenger": "Ann", "ticket": ["A/5", 1]}
    replies = [visits.post(right), visits.post(right | dropped), visits.post({"instances": [dropped | right]})]
    replies.append(visits.get(**right, passenger="Ann"))

    assert {reply.status for reply in replies} == {200}
    assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}
    assert visits.post(right | {"tickets": 1}).status == 422


def test_null_and_absent_are_missing_in_a_column_without_values(tmp_path: Path) -> None:
    model = make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression())
    path = save(model.fit(MEMBERS.astype(float), HAS_BOUGHT.astype(int)), tmp_path)
    empty = pd.DataFrame({"member": [1.0, 0.0], "age": [np.nan, np.nan]})
    right = [str(label) for label in model.predict(empty)]

    for name in ("in.csv", "in.jsonl", "in.parquet"):
        assert scored(path, written(empty, tmp_path, name)) == right
    (tmp_path / "lacking.jsonl").write_text("".join(json.dumps({"member": one}) + "\n" for one in (1.0, 0.0)))
    assert scored(path, "lacking.jsonl") == right
