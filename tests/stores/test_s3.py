"""Files of an S3 server: read, written whole or not at all, and what goes wrong said in a line."""

import gzip
import io
import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from foreseen.adapters.spool.run_identity.source_digests import SourceDigests
from foreseen.adapters.tabular.remote.urls import is_remote
from foreseen.adapters.tabular.sources.file_listing import listed_sources
from foreseen.adapters.tabular.sources.remote_identity import look_again, remote_digest
from foreseen.domain.errors import TableError
from support.own_port import own_port
from support.s3_server import READ_ONLY

from .conftest import HEADER, ONE_IS_BAD, ROWS, SCORED, Scored, Store, as_in_a_new_process, line


@pytest.mark.parametrize(("name", "data"), [("in.csv", ROWS.encode()), ("in.csv.gz", gzip.compress(ROWS.encode()))])
def test_a_file_is_read_compressed_or_not(name: str, data: bytes, store: Store, score: Scored) -> None:
    ended = score(store.put(name, data), "-o", "-")

    assert (ended.returncode, ended.stderr, ended.stdout.decode()) == (0, b"", SCORED)


def test_a_folder_is_its_parts_whose_keys_are_columns(store: Store, score: Scored) -> None:
    for kind in ("b", "a"):
        store.put(f"data/kind={kind}/part-0.csv", ROWS)
    store.put("data/_SUCCESS", b"")
    store.put("data/kind=a/.hidden.csv", "x")

    for source in ("s3://bucket/data", "s3://bucket/data/", "s3://bucket/data/*/part-*.csv"):
        ended = score(source, "--keep", "kind", "-o", "-")
        assert (ended.returncode, ended.stdout.decode()) == (0, "kind,prediction\na,0\na,1\nb,0\nb,1\n"), source


def test_outputs_of_every_kind_are_written(store: Store, score: Scored) -> None:
    source = store.put("in.csv", ROWS)

    for name in ("out.csv", "out.csv.gz", "out.parquet", "deep/er/out.csv"):
        ended = score(source, "-o", f"s3://bucket/{name}", "--summary", "s3://bucket/summary.json")
        assert (ended.returncode, ended.stderr, ended.stdout) == (0, b"", b"")

    assert store.get("out.csv").decode() == store.get("deep/er/out.csv").decode() == SCORED
    assert gzip.decompress(store.get("out.csv.gz")).decode() == SCORED
    assert pq.read_table(io.BytesIO(store.get("out.parquet")))["prediction"].to_pylist() == ["0", "1"]
    assert json.loads(store.get("summary.json"))["rows"] == 2
    assert store.names() == ["deep/er/out.csv", "in.csv", "out.csv", "out.csv.gz", "out.parquet", "summary.json"]


@pytest.mark.parametrize("name", [None, "rejects.csv"])
def test_rejects_go_beside_the_output_or_where_they_are_named(name: str | None, store: Store, score: Scored) -> None:
    source = store.put("in.csv", ONE_IS_BAD)

    named = [] if name is None else ["--rejects", f"s3://bucket/{name}"]
    ended = score(source, "-o", "s3://bucket/out.csv", *named)

    written = name or "out.csv.rejects.csv"
    assert (ended.returncode, store.get("out.csv").decode()) == (3, SCORED)
    assert ended.stderr.decode() == f"foreseen: rejected 1 row, see s3://bucket/{written}\n"
    assert b's3://bucket/in.csv,4,sepal_length,"expected a number, got' in store.get(written)
    assert store.names() == sorted(["in.csv", "out.csv", written])


def test_rejects_of_a_local_output_may_go_to_a_store(store: Store, score: Scored, tmp_path: Path) -> None:
    ended = score(store.put("in.csv", ONE_IS_BAD), "-o", "out.csv", "--rejects", "s3://bucket/rejects.csv")

    assert (ended.returncode, (tmp_path / "out.csv").read_text()) == (3, SCORED)
    assert store.names() == ["in.csv", "rejects.csv"]


def test_existing_files_are_replaced_only_on_request(store: Store, score: Scored) -> None:
    source = store.put("in.csv", ONE_IS_BAD)
    for name in ("out.csv", "new.csv.rejects.csv", "other.json"):
        store.put(name, "precious")
    new = ("-o", "s3://bucket/new.csv")

    exists = "expected a new file, got one that exists; --force replaces it"
    assert line(score(source, "-o", "s3://bucket/out.csv")) == f"s3://bucket/out.csv: {exists}"
    assert line(score(source, *new)) == f"s3://bucket/new.csv.rejects.csv: {exists}"
    assert line(score(source, *new, "--rejects", "s3://bucket/out.csv")) == f"s3://bucket/out.csv: {exists}"
    assert "other.json: expected a new file or the summary of an earlier run" in line(
        score(source, "-o", "-", "--summary", "s3://bucket/other.json")
    )
    for name in ("out.csv", "new.csv.rejects.csv", "other.json"):
        assert store.get(name) == b"precious"

    assert score(source, "-o", "s3://bucket/out.csv", "--force").returncode == 3
    assert store.get("out.csv").decode() == SCORED


def test_an_input_and_a_folder_are_no_outputs(store: Store, score: Scored) -> None:
    source = store.put("data/in.csv", ROWS)

    assert line(score(source, "-o", source, "--force")) == f"{source}: expected an output that is not an input"
    for place in ("s3://bucket/data", "s3://bucket/data/", "s3://bucket/"):
        said = line(score(source, "-o", place, "--force"))
        assert said == f"{place}: expected the name of a file to write, got a folder"
    said = line(score("s3://bucket/data", "-o", "s3://bucket/data/out.csv"))
    assert said == "s3://bucket/data/out.csv: expected an output outside of the folder that is read, s3://bucket/data"


@pytest.mark.parametrize("broken", ["one,two\n1,2\n", f"{HEADER}\n1,2,3,4\n" + "x,1,1,1\n" * 3])
def test_a_failed_run_leaves_nothing_in_the_store_or_locally(
    broken: str, store: Store, score: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = store.put("in.csv", broken)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))

    line(score(source, "-o", "s3://bucket/out.parquet", "--max-rejects", 1))

    assert store.names() == ["in.csv"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_rejects_are_not_left_without_their_output(
    store: Store, score: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = store.put("in.csv", ONE_IS_BAD)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    said = line(score(source, "-o", f"s3://bucket/{READ_ONLY}/out.csv", "--rejects", "s3://bucket/rejects.csv"))

    assert said.startswith(f"s3://bucket/{READ_ONLY}/out.csv: cannot be written: ")
    kept = Path(said.partition("; the output is kept in ")[2])
    assert kept.read_text() == SCORED
    assert store.names() == ["in.csv"]


def test_a_run_resumes_from_a_store_but_not_into_one(store: Store, score: Scored, tmp_path: Path) -> None:
    source = store.put("in.csv", ROWS)

    assert score(source, "-o", "out.csv", "--resume").returncode == 0
    assert (tmp_path / "out.csv").read_text() == SCORED
    no = "--resume: expected a file as {}, got s3://bucket/{}, a file in a store, which cannot be appended to"
    assert line(score(source, "-o", "s3://bucket/o.csv", "--resume")) == no.format("output", "o.csv")
    rejects = ("--rejects", "s3://bucket/r.csv")
    assert line(score(source, "-o", "new.csv", *rejects, "--resume")) == no.format("rejects", "r.csv")


@pytest.mark.parametrize("parts", [1, 2])
def test_a_part_of_a_folder_that_changes_meanwhile_is_noticed(parts: int, store: Store) -> None:
    for part in range(parts):
        store.put(f"data/part-{part}.csv", ROWS)
    as_in_a_new_process()
    sources = listed_sources(["s3://bucket/data"])
    digests = SourceDigests(sources, remote=remote_digest, is_remote=is_remote, look_again=look_again)

    digests.check()
    store.put("data/part-0.csv", ONE_IS_BAD)

    with pytest.raises(
        TableError, match=r"part-0.csv: expected the file as it was when the run began, got another one"
    ):
        digests.check()


def test_a_missing_file_is_named(store: Store, score: Scored) -> None:
    source = store.put("in.csv", ROWS)
    gone = "expected a file of rows, got no such file"

    assert line(score("s3://bucket/away.csv", "-o", "-")) == f"s3://bucket/away.csv: {gone}"
    assert line(score("s3://nobucket/in.csv", "-o", "-")) == f"s3://nobucket/in.csv: {gone}"
    said = line(score(source, "-o", "s3://nobucket/out.csv"))
    assert said == "s3://nobucket/out.csv: cannot be written: there is no such bucket or folder"


def test_wrong_credentials_are_reported_for_reading_and_writing(
    store: Store, score: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = store.put("in.csv", ROWS)
    (tmp_path / "here.csv").write_text(ROWS)

    for name, value in (("AWS_SECRET_ACCESS_KEY", "wrong"), ("AWS_ACCESS_KEY_ID", "AKIANOBODY")):
        monkeypatch.setenv(name, value)
        for args in ((source, "-o", "-"), ("here.csv", "-o", "s3://bucket/out.csv")):
            said = line(score(*args))
            assert said.endswith("; check the credentials and what they allow"), said
            assert "wrong" not in said
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert line(score(source, "-o", "-")) == f"{source}: cannot be read: Unable to locate credentials"


def test_a_server_that_is_not_there_is_named(
    store: Store, score: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        said = line(score("s3://bucket/in.csv", "-o", "-"))

    assert said.startswith("s3://bucket/in.csv: cannot be read: Could not connect to the endpoint URL: ")
