"""Files as people have them: folders, parts, other compressions, other formats under any name, names of any bytes."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from support.command_in_process import run_here
from support.models import iris_frame
from support.processes import environment, run
from support.time_limits import COMMAND_S

ROWS = 12
Score = Callable[..., tuple[int, str]]


@pytest.fixture
def score(iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Score:
    """Score in this process, in a folder of its own; return the exit code and what was said."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object, stdin: bytes = b"") -> tuple[int, str]:
        done = run_here("score", iris_model, *args, "-o", "out.csv", "--force", stdin=stdin)
        return done.returncode, done.stderr.decode()

    return call


def flowers(start: int = 0, end: int = ROWS) -> pd.DataFrame:
    """Some rows of iris, numbered."""
    frame, _ = iris_frame()
    return frame[start:end].assign(n=range(start, end))


def scored() -> list[int]:
    """The numbers of the rows that came out."""
    return [int(n) for n in pd.read_csv("out.csv")["n"]]


def as_csv(frame: pd.DataFrame) -> bytes:
    """Write CSV."""
    return frame.to_csv(index=False).encode()  # type: ignore[no-any-return]


def zipped(data: bytes) -> bytes:
    """Archive a file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("flowers.csv", data)
    return out.getvalue()


def written(write: Callable[[Any], object]) -> bytes:
    """Return what is written into a file."""
    out = io.BytesIO()
    write(out)
    return out.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "in.csv.gzip": gzip.compress, "in.csv.bz2": bz2.compress, "in.csv.xz": lzma.compress, "in.zip": zipped,
    "gzip without its ending.csv": gzip.compress, "plain.csv.gz": bytes,
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_a_compressed_export_is_scored_whatever_its_name(name: str, score: Score) -> None:
    Path(name).write_bytes(PACKED[name](as_csv(flowers())))

    assert score(name) == (0, "")
    assert scored() == list(range(ROWS))


@pytest.mark.parametrize("name", PACKED)
def test_a_compressed_export_is_scored_from_standard_input(name: str, score: Score) -> None:
    assert score("-", stdin=PACKED[name](as_csv(flowers()))) == (0, "")
    assert scored() == list(range(ROWS))


FORMATS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "csv": as_csv,
    "parquet": lambda frame: frame.to_parquet(),
    "json": lambda frame: frame.to_json(orient="records", double_precision=15).encode(),
    "pretty json": lambda frame: json.dumps(frame.to_dict("records"), indent=2).encode(),
    "jsonl": lambda frame: frame.to_json(orient="records", lines=True, double_precision=15).encode(),
    "feather": lambda frame: written(frame.reset_index(drop=True).to_feather),
    "orc": lambda frame: frame.reset_index(drop=True).to_orc(),
    "xlsx": lambda frame: written(lambda out: frame.to_excel(out, index=False)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_known_without_a_name(name: str, score: Score) -> None:
    data = FORMATS[name](flowers())
    Path("no ending").write_bytes(data)

    assert score("no ending") == (0, "")
    assert scored() == list(range(ROWS))
    assert score("-", stdin=data) == (0, "")
    assert scored() == list(range(ROWS))


def test_a_row_of_an_array_is_rejected_by_its_number(score: Score) -> None:
    rows = flowers().to_dict("records")
    rows[4]["sepal_width"] = "wide"
    Path("in.json").write_text(json.dumps(rows))

    assert score("in.json")[0] == 3
    rejects = pd.read_csv("out.csv.rejects.csv")
    assert rejects[["file", "line", "column"]].to_numpy().tolist() == [["in.json", 5, "sepal_width"]]


NAMED = {
    "flowers.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "flowers.csv": pickle.dumps(iris_frame()),
    "flowers": b"SQLite format 3\x00" + bytes(90),
}


@pytest.mark.parametrize("name", NAMED)
def test_an_unsupported_format_is_named_with_advice(name: str, score: Score) -> None:
    Path(name).write_bytes(NAMED[name])

    code, said = score(name)

    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"foreseen: {name}: expected a file of rows, got a")
    assert "; " in said


def spark_output(folder: Path) -> None:
    """Write what Spark leaves: parts, one of them without rows, and marks beside them."""
    folder.mkdir()
    for part, (start, end) in enumerate(((0, 5), (5, 9), (9, ROWS))):
        (folder / f"part-0000{part}-b1c2-c000.csv").write_bytes(as_csv(flowers(start, end)))
    for name in ("part-00003-b1c2-c000.csv", "_SUCCESS", "._SUCCESS.crc", ".part-00000-b1c2-c000.csv.crc"):
        (folder / name).touch()


def test_a_folder_that_spark_wrote_is_one_table(score: Score) -> None:
    spark_output(Path("spark_out"))

    assert score("spark_out") == (0, "")
    assert scored() == list(range(ROWS))
    assert score(*sorted(Path("spark_out").iterdir())) == (0, "")  # as a shell names them for spark_out/*
    assert scored() == list(range(ROWS))


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_partitions_become_columns(ending: str, score: Score) -> None:
    frame = flowers()
    for (year, sort), part in frame.groupby([2025 + frame["n"] % 2, frame["n"] % 3]):
        folder = Path(f"data/year={year}/sort={sort}")
        folder.mkdir(parents=True)
        (folder / f"part-0.{ending}").write_bytes(FORMATS[ending](part))

    assert score("data") == (0, "")
    found = pd.read_csv("out.csv").sort_values("n", ignore_index=True)
    assert found["year"].tolist() == (2025 + frame["n"] % 2).tolist()
    assert found["sort"].tolist() == (frame["n"] % 3).tolist()


def test_a_partition_may_be_what_a_model_was_fitted_on(score: Score) -> None:
    for width, part in flowers().groupby("petal_width"):
        Path(f"by/petal_width={width}").mkdir(parents=True)
        part.drop(columns="petal_width").to_parquet(f"by/petal_width={width}/0.parquet")
    assert score("by") == (0, "")
    by = pd.read_csv("out.csv").sort_values("n")
    Path("in.csv").write_bytes(as_csv(flowers()))
    assert score("in.csv") == (0, "")

    assert by["prediction"].tolist() == pd.read_csv("out.csv")["prediction"].tolist()


def test_a_run_over_a_folder_resumes_where_it_stopped(score: Score, iris_model: Path) -> None:
    spark_output(Path("spark_out"))
    args = ("score", iris_model, "spark_out", "-o", "out.csv", "--max-rejects", "0")
    bad = as_csv(flowers(9, ROWS).assign(sepal_width="?"))
    Path("spark_out/part-00002-b1c2-c000.csv").write_bytes(bad)

    assert run_here(*args).returncode == 1
    done = run_here(*args[:-1], "9", "--resume")

    assert (done.returncode, scored()) == (3, list(range(9)))


def test_a_part_added_to_a_stopped_run_is_rejected(score: Score, iris_model: Path) -> None:
    spark_output(Path("spark_out"))
    Path("spark_out/part-00001-b1c2-c000.csv").write_bytes(as_csv(flowers(5, 9).assign(sepal_width="?")))
    args = ("score", iris_model, "spark_out", "-o", "out.csv", "--resume", "--max-rejects", "0")
    assert run_here(*args).returncode == 1
    Path("spark_out/part-00004.csv").write_bytes(as_csv(flowers(0, 1)))

    done = run_here(*args)

    assert done.returncode == 1
    assert b"expected the input spark_out/part-00000" in done.stderr


NOT_UTF_8 = os.fsdecode(b"fl\xf6wers")


def test_a_name_that_is_no_utf_8_is_a_name(score: Score) -> None:
    Path(NOT_UTF_8).write_bytes(as_csv(flowers().assign(sepal_width=[None, *flowers()["sepal_width"][1:]])))

    code, said = score(NOT_UTF_8)

    assert (code, said.count("\n")) == (3, 1)
    assert scored() == list(range(1, ROWS))
    assert pd.read_csv("out.csv.rejects.csv")["file"].tolist() == ["fl\\xf6wers"]


def test_an_output_whose_name_is_no_utf_8_is_written(score: Score, iris_model: Path) -> None:
    Path("in.csv").write_bytes(as_csv(flowers()))

    done = run("score", iris_model, "in.csv", "-o", NOT_UTF_8 + ".csv")

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(pd.read_csv(NOT_UTF_8 + ".csv")) == ROWS


WITHOUT_STREAMS = (
    "import os, sys; os.close(0); os.close(1);"
    "os.execv(sys.executable, [sys.executable, '-m', 'foreseen', *sys.argv[1:]])"
)


@pytest.mark.parametrize(("args", "code"), [(("in.csv", "-o", "out.csv"), 0), (("-", "-o", "out.csv"), 1)])
def test_closed_streams_fail_only_commands_that_use_them(
    args: tuple[str, ...], code: int, score: Score, iris_model: Path
) -> None:
    Path("in.csv").write_bytes(as_csv(flowers()))

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_STREAMS, "score", str(iris_model), *args],
        stderr=subprocess.PIPE, env=environment(), timeout=COMMAND_S, check=False,
    )  # fmt: skip

    expected = b"foreseen: standard input: expected an open stream, got a closed one\n" if code else b""
    assert (done.returncode, done.stderr) == (code, expected)


@pytest.mark.parametrize(
    ("out", "read"), [("out.feather", pd.read_feather), ("out.orc", pd.read_orc), ("out.xlsx", pd.read_excel)]
)
def test_written_files_are_read_by_pandas(
    out: str, read: Callable[[str], pd.DataFrame], score: Score, iris_model: Path
) -> None:
    Path("in.csv").write_bytes(as_csv(flowers()))

    assert run_here("score", iris_model, "in.csv", "-o", out).returncode == 0

    found = read(out)
    assert found[list(flowers().columns)].astype(float).equals(flowers().astype(float))
    assert found["prediction"].astype(str).tolist() == ["0"] * ROWS


def test_a_store_is_read_from_and_written_to(score: Score, iris_model: Path) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/flowers/in.parquet", FORMATS["parquet"](flowers()))

    args = ("score", iris_model, "memory://flowers/in.parquet", "-o", "memory://flowers/out.csv")
    done = run_here(*args)
    again, resumed = run_here(*args), run_here(*args, "--resume")

    assert (done.returncode, done.stderr) == (0, b"")
    assert len(pd.read_csv(io.BytesIO(system.cat("/flowers/out.csv")))) == ROWS
    assert b"expected a new file, got one that exists" in again.stderr
    assert resumed.stderr.startswith(b"foreseen: --resume: expected a file as ")
    system.rm("/flowers", recursive=True)


def test_files_may_be_named_by_urls_of_this_machine(score: Score, iris_model: Path) -> None:
    source = as_csv(flowers()) + b"wide,1,1,1\n"
    Path("in.csv").write_bytes(source)
    names = {name: Path(name).resolve().as_uri() for name in ("in.csv", "out.csv", "rejects.csv", "summary.json")}

    beside = ("--rejects", names["rejects.csv"], "--summary", names["summary.json"])
    done = run_here("score", iris_model, names["in.csv"], "-o", names["out.csv"], *beside, "--resume")

    assert done.returncode == 3, done.stderr
    assert sorted(path.name for path in Path().iterdir()) == sorted(names)
