"""`foreseen score` over formats: what it writes is read by others, and bad files end in one line and leave nothing."""

import gzip
import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from support.command_in_process import run_here
from support.models import IRIS_NAMES, iris_frame
from support.processes import run


@dataclass(frozen=True)
class Ended:
    """How a run ended: its code and what it said."""

    code: int
    said: str


Score = Callable[..., Ended]


@pytest.fixture
def score(iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Score:
    """Score in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> Ended:
        done = run_here("score", iris_model, *args)
        return Ended(done.returncode, done.stderr.decode())

    return call


@pytest.fixture
def labels(iris_model: Path) -> list[str]:
    """What the model says of iris."""
    model: Any = joblib.load(iris_model)
    return [str(label) for label in model.predict(iris_frame()[0])]


def flowers() -> pd.DataFrame:
    """Iris with a column of text and one of numbers."""
    frame, _ = iris_frame()
    return frame.assign(id=[f"flower, {n}" for n in range(len(frame))], n=np.arange(len(frame)))


WRITERS: dict[str, Callable[[pd.DataFrame, str], object]] = {
    "in.csv": lambda frame, path: frame.to_csv(path, index=False),
    "in.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "in.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "in.parquet": lambda frame, path: frame.to_parquet(path, row_group_size=40),
    "in.jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, double_precision=15),
}
READERS: dict[str, Callable[[str], pd.DataFrame]] = {
    "out.csv": pd.read_csv,
    "out.tsv.gz": lambda path: pd.read_csv(path, sep="\t"),
    "out.parquet": pd.read_parquet,
    "out.jsonl": lambda path: pd.read_json(path, lines=True, precise_float=True),
    "out.jsonl.gz": lambda path: pd.read_json(path, lines=True, precise_float=True),
}


@pytest.mark.parametrize(("source", "out"), [*zip(WRITERS, READERS, strict=True), ("in.parquet", "out.parquet")])
def test_files_of_pandas_are_scored_and_read_by_pandas(source: str, out: str, score: Score, labels: list[str]) -> None:
    WRITERS[source](flowers(), source)

    assert score(source, "-o", out) == Ended(0, "")

    found = READERS[out](out)
    assert list(found.columns) == [*IRIS_NAMES, "id", "n", "prediction"]
    assert [str(label) for label in found["prediction"]] == labels
    assert found["id"].tolist() == flowers()["id"].tolist()
    assert found[IRIS_NAMES].astype(float).equals(iris_frame()[0])


def test_the_system_s_own_tools_read_what_is_compressed(score: Score) -> None:
    WRITERS["in.csv"](flowers(), "in.csv")
    for out in ("out.csv", "out.csv.gz", "out.csv.zst"):
        assert score("in.csv", "-o", out).code == 0

    plain = Path("out.csv").read_bytes()
    assert subprocess.run(["gzip", "-dc", "out.csv.gz"], capture_output=True, check=True).stdout == plain
    assert gzip.decompress(Path("out.csv.gz").read_bytes()) == plain
    assert score("out.csv.zst", "-o", "again.csv", "--prediction-column", "again").code == 0
    assert pd.read_csv("again.csv").drop(columns="again").equals(pd.read_csv("out.csv"))


def test_many_files_are_one_table_and_rejects_name_their_file(score: Score, labels: list[str]) -> None:
    frame = flowers()
    frame[:50].to_csv("day-1.csv", index=False)
    frame[50:100][frame.columns[::-1]].to_csv("day-2.csv.gz", index=False)
    frame[100:].assign(petal_width=lambda part: part["petal_width"].where(part["n"] != 120)).to_csv(
        "late.csv", index=False
    )

    ended = score("day-*", "late.csv", "-o", "out.csv", "--keep", "n", "--outputs", "predict,predict_proba")

    assert ended.code == 3
    found = pd.read_csv("out.csv")
    assert list(found.columns) == ["n", "prediction", "probability_0", "probability_1", "probability_2"]
    assert found["n"].tolist() == [n for n in range(150) if n != 120]
    assert [str(label) for label in found["prediction"]] == labels[:120] + labels[121:]
    rejects = pd.read_csv("out.csv.rejects.csv")
    assert rejects[["file", "line", "column"]].to_numpy().tolist() == [["late.csv", 22, "petal_width"]]


def test_another_delimiter_quote_and_encoding_are_read_and_written(score: Score) -> None:
    text = flowers().assign(id="Å;s 'e").to_csv(index=False, sep=";", quotechar="'")
    Path("in.txt").write_text(text, encoding="utf-16")

    assert score("in.txt", "-o", "out.csv", "--delimiter", ";", "--quote", "'", "--encoding", "utf-16") == Ended(0, "")

    found = pd.read_csv("out.csv", sep=";", quotechar="'")
    assert set(found["id"]) == {"Å;s 'e"}
    assert len(found) == 150


def test_pipes_take_a_format_whose_end_is_read_first(score: Score, iris_model: Path) -> None:
    WRITERS["in.parquet"](flowers(), "in")
    line = ("score", iris_model, "-", "-o", "-", "--format", "parquet", "--output-format", "parquet")

    done = run(*line, stdin=Path("in").read_bytes())

    assert done.returncode == 0
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 150


def test_standard_input_and_output_take_other_formats_than_csv(score: Score, iris_model: Path) -> None:
    WRITERS["in.jsonl"](flowers(), "in")
    formats = ("--format", "jsonl", "--output-format", "parquet")

    done = run_here("score", iris_model, "-", "-o", "-", *formats, stdin=Path("in").read_bytes())

    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 150


HEADER = ",".join(IRIS_NAMES)
TABLE = f"{HEADER}\n1,2,3,4\n"
EMPTY_TABLES: dict[str, bytes] = {"in.csv": f"{HEADER}\n".encode(), "in.csv.gz": gzip.compress(f"{HEADER}\n".encode())}


@pytest.mark.parametrize("name", EMPTY_TABLES)
@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_a_header_without_rows_is_scored(name: str, out: str, score: Score) -> None:
    Path(name).write_bytes(EMPTY_TABLES[name])

    assert score(name, "-o", out) == Ended(0, "")
    assert list(READERS[out](out).columns) == [*IRIS_NAMES, "prediction"]
    assert len(READERS[out](out)) == 0


def parquet() -> bytes:
    """Iris as Parquet."""
    return flowers().to_parquet()  # type: ignore[no-any-return]


BAD_FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("in.csv", bytes, "in.csv: expected a header line with the columns' names, got nothing"),
    "empty gzip": ("in.csv.gz", lambda: gzip.compress(b""), "in.csv.gz: expected a header line"),
    "a missing feature": ("in.csv", lambda: b"a\n1\n", "in.csv: expected a column 'sepal_length', got a"),
    "a feature twice": (
        "in.csv",
        lambda: b"sepal_length,sepal_length\n1,1\n",
        "in.csv: expected each column once, got 'sepal_length' twice",
    ),
    "another encoding": (
        "in.csv",
        lambda: TABLE.encode("utf-16"),
        "in.csv: expected UTF-8, got UTF-16; --encoding utf-16 reads it",
    ),
    "a bad byte": (
        "in.csv",
        lambda: TABLE.encode() + b"1,2,3,\xe5\n",
        "in.csv: line 3: expected UTF-8, got the bytes e5",
    ),
    "cut in quotes": (
        "in.csv",
        lambda: TABLE.encode() + b'1,2,3,"4\n',
        'in.csv: line 3: expected a closing ", got the end',
    ),
    "cut gzip": (
        "in.csv.gz",
        lambda: gzip.compress(TABLE.encode())[:-9],
        "in.csv.gz: expected a whole gzip file, got one",
    ),
    "NULs": ("in.csv", lambda: bytes(5000), "in.csv: expected a file of rows, got a file that begins with zeros"),
    "a million columns": (
        "in.csv",
        lambda: b"a," * 999_999 + b"b\n",
        "in.csv: expected a column 'sepal_length', got a, a.1, a.2",
    ),
    "a row of a million cells": (
        "in.csv",
        lambda: TABLE.encode() + b"1.5," * 999_999 + b"1\n",
        "in.csv: line 3: expected rows of at most 1,000 lines and 1 MiB, got a longer one; --quote none",
    ),
    "CSV as Parquet": (
        "in.parquet",
        TABLE.encode,
        "in.parquet: expected a whole Parquet file, got one that is truncated",
    ),
    "cut Parquet": (
        "in.parquet",
        lambda: parquet()[:3000],
        "in.parquet: expected a whole Parquet file, got one that is truncated",
    ),
    "other Parquet": (
        "in.parquet",
        lambda: flowers().assign(sepal_width="x").to_parquet(),
        "in.parquet: expected column 'sepal_width' to hold numbers (float64), got ",
    ),
    "CSV as JSON Lines": ("in.jsonl", TABLE.encode, "in.jsonl: expected one JSON object per line, got "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_and_leaves_nothing(name: str, score: Score) -> None:
    file, data, said = BAD_FILES[name]
    Path(file).write_bytes(data())

    ended = score(file, "-o", "out.csv")

    assert ended.code == 1
    assert ended.said.startswith(f"foreseen: {said}")
    assert ended.said.count("\n") == 1
    assert len(ended.said) < 1000
    assert [path.name for path in Path().iterdir()] == [file]


def test_a_file_with_nuls_and_a_giant_row_is_scored(score: Score) -> None:
    wide = "7," * 299_999 + "7"
    Path("in.csv").write_text(f"{HEADER}\r\n1,2,3,4\r\n{wide}\r\n\0\0,2,3,4\r\n5,6,7,8\r\n")

    assert score("in.csv", "-o", "out.csv").code == 3

    assert len(pd.read_csv("out.csv")) == 2
    assert Path("out.csv.rejects.csv").read_text().count("expected 4 cells, got 300000") == 1
