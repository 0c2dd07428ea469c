"""Words that files write for a missing value are one where a feature may lack it, in every format (FIELD B)."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.missing_value_words import KEPT_AS_TEXT, MISSING_WORDS, READ_AS_MISSING
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import Feature
from support.command_in_process import run_here
from support.loaded_models import load_saved
from support.models import pickled_by_hand
from support.scored_tables import Scored, score, written

FORMATS = ("csv", "jsonl", "parquet")
ALLEY = Feature("alley", "string", missing=True)
AREA = Feature("area")


def read(rows: list[dict[str, Any]], name: str, folder: Path, *features: Feature, **options: Any) -> Scored:
    """Score rows that were written in a format."""
    return score(written(rows, folder / f"in.{name}"), features=features, **options)


def houses() -> Any:
    """A pipeline that was fitted on what pandas read of a file with NA in it."""
    frame = pd.DataFrame({"alley": ["Grvl", "Pave", np.nan, np.nan] * 10, "area": np.arange(40.0)})
    text = make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer([("text", text, ["alley"]), ("number", SimpleImputer(), ["area"])])
    return make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(frame, frame.alley.isna().astype(int))


def test_na_in_a_file_means_what_pandas_read_in_training(tmp_path: Path) -> None:
    model = houses()
    predictor = load_saved(model, tmp_path, proba=False)
    rows = [{"alley": word, "area": 12.0} for word in (*MISSING_WORDS, "Grvl", "Wood")]
    given = pd.DataFrame({"alley": [np.nan] * len(MISSING_WORDS) + ["Grvl", "Wood"], "area": 12.0})
    right = [str(label) for label in model.predict(given)]

    found = read(
        rows,
        "csv",
        tmp_path,
        *predictor.info.signature.features,
        answer=lambda batch: [json.loads(body)["prediction"] for body in predictor.predict(batch).encode().bodies],
    )

    assert [row["prediction"] for row in found.cells] == right
    assert [row["alley"] for row in found.cells] == [row["alley"] for row in rows]
    assert found.notices == [Notice(READ_AS_MISSING, "alley", len(MISSING_WORDS), "#N/A")]


@pytest.mark.parametrize("name", FORMATS)
def test_missing_words_and_nulls_are_equal_in_every_format(name: str, tmp_path: Path) -> None:
    rows = [{"alley": alley, "area": 1.0} for alley in ("NA", None, "", "null", "n/a", "Nb")]

    found = read(rows, name, tmp_path, ALLEY, AREA)

    assert found.values["alley"] == [None] * 5 + ["Nb"]
    assert found.rejects == []
    assert found.notices == [Notice(READ_AS_MISSING, "alley", 3, "NA")]


@pytest.mark.parametrize("name", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "feature",
    [Feature("a", missing=True), Feature("a", "int8", missing=True), Feature("a", "bool", missing=True),
     Feature("a", "datetime", missing=True)],
    ids=lambda feature: feature.dtype,
)  # fmt: skip
def test_words_among_numbers_bools_and_dates_are_missing(feature: Feature, name: str, tmp_path: Path) -> None:
    value = "2024-01-02" if feature.dtype == "datetime" else 1
    rows = [{"a": each, "area": 1} for each in (value, "NA", "null", "N/A", "", "-1.#IND")]

    found = read(rows, name, tmp_path, feature, AREA)

    assert found.rejects == []
    assert [value is None or value != value for value in found.values["a"]] == [False] + [True] * 5


def test_a_word_known_to_the_model_stays_a_value(tmp_path: Path) -> None:
    frame = pd.DataFrame({"heating": ["None", "gas", "oil", np.nan] * 10, "area": np.arange(40.0)})
    columns = ColumnTransformer(
        [("text", OneHotEncoder(handle_unknown="ignore"), ["heating"])], remainder="passthrough"
    )
    predictor = load_saved(make_pipeline(columns, LogisticRegression()).fit(frame, [0, 1] * 20), tmp_path)
    rows = [{"heating": word, "area": 1.0} for word in ("None", "NA", "gas")]

    for name in FORMATS:
        found = read(rows, name, tmp_path, *predictor.info.signature.features)

        assert found.values["heating"] == ["None", None, "gas"]
        assert found.notices == [Notice(READ_AS_MISSING, "heating", 1, "NA")]


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_that_looks_missing_but_cannot_be_is_reported(name: str, tmp_path: Path) -> None:
    country = Feature("country", "string", known=frozenset({"NO", "SE", "null"}))
    rows = [{"country": word, "area": 1.0} for word in ("NO", "NA", "null", "NA", None)]

    found = read(rows, name, tmp_path, country, AREA)

    assert found.values["country"] == ["NO", "NA", "null", "NA", ""]
    assert found.rejects == []
    (notice,) = found.notices
    assert (notice.kind, notice.column, notice.count) == (KEPT_AS_TEXT, "country", 3)


def test_a_rejected_missing_number_says_how_to_allow_it(tmp_path: Path) -> None:
    found = read([{"area": "NA"}, {"area": 3}, {"area": "N.A."}], "csv", tmp_path, AREA)

    assert found.values["area"] == [3.0]
    assert [one.reason for one in found.rejects] == [
        'expected a number, got "NA"; if it may be missing, declare missing = true for it in the sidecar',
        'expected a number, got "N.A."',
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_own_missing_value_words_replace_those_of_pandas(name: str, tmp_path: Path) -> None:
    rows = [{"alley": alley, "area": area} for alley, area in (("-", 1.0), ("NA", -999.0), ("x", 2.0), (None, 3.0))]
    area = Feature("area", missing=True)

    found = read(rows, name, tmp_path, ALLEY, area, form=TableForm(missing_words=("-", "-999")))

    assert found.values["alley"] == [None, "NA", "x", None]
    assert [value != value for value in found.values["area"]] == [False, True, False, False]
    assert {notice.kind for notice in found.notices if notice.column == "alley"} == {READ_AS_MISSING, KEPT_AS_TEXT}


def test_no_words_leave_an_empty_cell_alone_missing(tmp_path: Path) -> None:
    rows = [{"alley": alley, "area": 1.0} for alley in ("NA", "", "nan")]

    assert read(rows, "csv", tmp_path, ALLEY, AREA, form=TableForm(missing_words=())).values["alley"] == [
        "NA", None, "nan",
    ]  # fmt: skip


def test_words_are_found_however_json_escapes_them(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"alley":"N\\/A","area":1}\n{"alley":"\\u004eA","area":1}\n{"alley":"N\\\\A","area":1}\n')

    assert score(path, features=[ALLEY, AREA]).values["alley"] == [None, None, "N\\A"]


def test_kept_columns_and_rows_around_words_are_written_unchanged(tmp_path: Path) -> None:
    rows = [{"note": "NA", "alley": "NA", "area": 1.5}, {"note": "null", "alley": "Nb", "area": 2.5}]

    found = read(rows, "csv", tmp_path, ALLEY, Feature("area", missing=True))

    assert [[row["note"], row["alley"]] for row in found.cells] == [["NA", "NA"], ["null", "Nb"]]


def test_missing_names_features_as_the_key_of_the_sidecar_does(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0, np.nan, 3.0] * 5, "b": [1, 2, 3, 4] * 5})
    columns = ColumnTransformer([("a", SimpleImputer(), ["a"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(frame, [0, 1] * 10)

    plain = load_saved(model, tmp_path).info
    named = load_saved(model, tmp_path, missing=("b",)).info
    declared = load_saved(model, tmp_path, '[[features]]\nname = "b"\nmissing = true\n').info

    assert [feature.missing for feature in plain.signature.features] == [True, False]
    assert [feature.missing for feature in named.signature.features] == [True, True]
    assert named.namespace == declared.namespace != plain.namespace


def test_an_unknown_feature_in_the_missing_option_is_one_line(tmp_path: Path) -> None:
    model = LogisticRegression().fit(pd.DataFrame({"age": [1, 2, 3, 4]}), [0, 1, 0, 1])

    with pytest.raises(ModelUnavailableError, match=r"missing: expected features of the model, got 'aeg'; .*'age'"):
        load_saved(model, tmp_path, missing=("aeg",))


NUMBERS: dict[str, tuple[Feature, pa.DataType, str, list[Any]]] = {
    "in a narrow integer": (Feature("a", "int8", missing=True), pa.int64(), "-999", [-999, 7]),
    "in a narrow column": (Feature("a", "int8", missing=True), pa.int8(), "-99", [-99, 7]),
    "in a column without a sign": (Feature("a", "uint8", missing=True), pa.int16(), "-1", [-1, 7]),
    "of another width": (Feature("a", "int16", missing=True), pa.float64(), "-99999", [-99999.0, 7.0]),
    "past what doubles hold": (Feature("a", missing=True), pa.int64(), str(2**63 - 1), [2**63 - 1, 7]),
    "of a short float": (Feature("a", "float32", missing=True), pa.float32(), "-999.1", [np.float32(-999.1), 7.0]),
    "of a decimal": (Feature("a", missing=True), pa.decimal128(9, 2), "-999", [Decimal("-999.00"), Decimal("7.00")]),
    "among bools": (Feature("a", "bool", missing=True), pa.int32(), "-1", [-1, 1]),
    "that is a date": (
        Feature("a", "datetime", missing=True), pa.timestamp("us"), "9999-12-31", [datetime(9999, 12, 31), datetime(2024, 1, 2)]  # noqa: DTZ001, E501
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_a_missing_value_word_is_missing_in_every_format(name: str, tmp_path: Path) -> None:
    feature, kind, word, values = NUMBERS[name]
    form = TableForm(missing_words=(word,))
    texts = [word, values[1].date().isoformat() if isinstance(values[1], datetime) else str(values[1])]
    (tmp_path / "in.csv").write_text("\n".join(["a,b", *(f"{text},1" for text in texts), ""]))
    quote = '"' if isinstance(values[1], datetime) else ""
    (tmp_path / "in.jsonl").write_text("".join(f'{{"a":{quote}{text}{quote},"b":1}}\n' for text in texts))
    pq.write_table(pa.table({"a": pa.array(values, kind), "b": [1, 1]}), tmp_path / "in.parquet")

    for each in FORMATS:
        found = score(tmp_path / f"in.{each}", features=[feature], form=form)

        assert found.rejects == [], each
        assert [value is None or value != value for value in found.values["a"]] == [True, False], each
        assert found.notices == [Notice(READ_AS_MISSING, "a", 1, word)], each


@pytest.mark.parametrize("name", FORMATS)
def test_a_word_beyond_a_dtype_matches_no_value(name: str, tmp_path: Path) -> None:
    feature = Feature("a", "int8", missing=True)
    rows = [{"a": -99, "b": 1}, {"a": 7, "b": 1}]

    found = read(
        rows, name, tmp_path, feature, form=TableForm(missing_words=("-999", "1e400", "x", "2024-01-02", "true"))
    )

    assert found.values["a"] == [-99.0, 7.0]
    assert found.notices == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_rejected_number_that_is_no_word_stays_a_reject(name: str, tmp_path: Path) -> None:
    rows = [{"a": -998, "b": 1}, {"a": -999, "b": 1}, {"a": 7, "b": 1}]

    found = read(rows, name, tmp_path, Feature("a", "int8", missing=True), form=TableForm(missing_words=("-999.0",)))

    assert [(one.line, one.column) for one in found.rejects] == [(2 if name == "csv" else 1, "a")]
    assert len(found.values["a"]) == 2


HALTED = """
from pathlib import Path


class Halted:
    def predict(self, rows):
        if rows[0, 0] >= 500 and not Path("mended").exists():
            raise RuntimeError("out of order")
        return rows[:, 0] * 2
"""


def test_a_resumed_run_has_the_notices_of_an_unbroken_one(tmp_path: Path) -> None:
    (tmp_path / "halted.py").write_text(HALTED)
    pickled_by_hand(tmp_path / "Halted.joblib", "halted")
    columns = {"a": np.arange(1000.0), "b": [-999.0, 1.0] * 500, "x": [np.inf] * 1000}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")

    def run(out: str, *more: str) -> Any:
        line = (
            "score",
            "Halted.joblib",
            "in.parquet",
            "-o",
            out,
            "--chunk-rows",
            "100",
            "--features",
            "a,b",
            "--missing",
            "b",
        )
        done = run_here(
            *line,
            "--na",
            "-999",
            "--on-error",
            "stop",
            "--rows-per-call",
            "0",
            "--summary",
            f"{out}.json",
            *more,
            cwd=tmp_path,
        )
        return done, json.loads((tmp_path / f"{out}.json").read_text())["notices"]

    stopped, few = run("out.jsonl")
    (tmp_path / "mended").touch()
    done, notices = run("out.jsonl", "--resume")
    unbroken, expected = run("whole.jsonl")

    assert (stopped.returncode, done.returncode, unbroken.returncode) == (1, 0, 0)
    assert done.stderr == unbroken.stderr
    assert [each["count"] for each in expected] == [500, 1000]
    assert notices == expected != few


@pytest.mark.parametrize("form", [TableForm(), TableForm(quote="", dialect=CsvDialect(escape="\\"))])
def test_the_word_of_databases_is_missing_with_and_without_escapes(form: TableForm, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("alley,area,note\n\\N,1,\\N\nGrvl,\\N,x\n")

    found = score(tmp_path / "in.csv", features=[ALLEY, replace(AREA, missing=True)], form=form)

    assert found.values["alley"] == [None, "Grvl"]
    assert [np.isnan(value) for value in found.values["area"]] == [False, True]
    assert [row["note"] for row in found.cells] == ["\\N", "x"]
