"""Files of stores: fsspec's store in memory is used for all of them."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFile

from foreseen.adapters.spool.disk.output_trial import SUMMARY_FIELDS
from foreseen.adapters.spool.run_identity.source_digests import SourceDigests
from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.file_content.opened_file import file_name
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.adapters.tabular.output_files import output_file, try_summary
from foreseen.adapters.tabular.remote.remote_output import check_new, remote_file
from foreseen.adapters.tabular.remote.store_errors import answer_of
from foreseen.adapters.tabular.remote.urls import is_remote
from foreseen.adapters.tabular.sources.file_listing import listed_sources
from foreseen.adapters.tabular.sources.remote_identity import look_again, remote_digest, why_once
from foreseen.domain.errors import TableError, UnwritableError
from foreseen.domain.values.signature import Feature, Signature


@pytest.fixture
def store() -> Iterator[Any]:
    """An empty store."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def parquet(*values: float) -> bytes:
    """Write a file."""
    out = io.BytesIO()
    pq.write_table(pa.table({"a": list(values)}), out)
    return out.getvalue()


def read(*sources: str) -> list[dict[str, Any]]:
    """Return the rows of sources."""
    with opened_tables(
        listed_sources(sources), signature=Signature((Feature("a"),)), standard_input=io.BytesIO()
    ) as tables:
        return [row for chunk in tables for row in record_batch_of(chunk).to_pylist()]


@pytest.mark.parametrize("name", ["a", "a.parquet"])
def test_a_file_of_a_store_is_read(name: str, store: Any) -> None:
    store.pipe(f"/bucket/{name}", parquet(1, 2))

    assert read(f"memory://bucket/{name}") == [{"a": 1}, {"a": 2}]


def test_a_folder_of_a_store_is_its_keyed_parts(store: Any) -> None:
    for name in ("data/k=x/part-0.parquet", "data/k=y/part-0.parquet"):
        store.pipe(f"/bucket/{name}", parquet(len(name)))
    for name in ("data/_SUCCESS", "data/_temporary/0.parquet", "data/k=y/part-1.parquet", "data/.x.crc"):
        store.pipe(f"/bucket/{name}", b"" if "part" in name else b"x")

    assert [row["k"] for row in read("memory://bucket/data")] == ["x", "y"]
    assert [row["k"] for row in read("memory://bucket/data/k=y/*.parquet", "memory://bucket/data/k=x")] == ["y", "x"]


def test_a_folder_without_rows_or_with_old_files_is_rejected(store: Any) -> None:
    store.pipe("/bucket/empty/_SUCCESS", b"")
    store.pipe("/bucket/delta/_delta_log/0.json", b"x")

    with pytest.raises(TableError, match=r"^memory://bucket/empty: expected a folder with files of rows"):
        read("memory://bucket/empty")
    with pytest.raises(TableError, match=r"^memory://bucket/delta: expected a folder .*, got a Delta table"):
        read("memory://bucket/delta")


def test_a_missing_file_is_reported_as_such(store: Any) -> None:
    with pytest.raises(TableError, match=r"^memory://bucket/a.csv: expected a file of rows, got no such file$"):
        read("memory://bucket/a.csv")
    with pytest.raises(TableError, match=r"^nosuch://a.csv: expected a URL of a known store such as s3://, got "):
        read("nosuch://a.csv")


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(TableError, match=r"^gs://b/a.csv: .*; pip install 'foreseen\[remote\]' gcsfs$"):
        read("gs://b/a.csv")


def test_a_local_url_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").write_text("a\n1\n")

    assert listed_sources([(tmp_path / "a b.csv").as_uri()]) == (str(tmp_path / "a b.csv"),)


def test_secrets_of_a_url_are_not_shown() -> None:
    assert file_name("https://me:pass@host/day.csv?sig=secret") == "https://host/day.csv"


def test_a_run_resumes_from_a_store_with_validators(store: Any, tmp_path: Path) -> None:
    store.pipe("/bucket/a.csv", b"a\n1\n")
    (tmp_path / "b.csv").write_text("a\n2\n")
    facts = {"ETag": "one", "size": 4}
    store.info = lambda path, **_: {"name": path, "type": "file", **facts}
    try:
        digests = SourceDigests(
            ["memory://bucket/a.csv", str(tmp_path / "b.csv")],
            remote=remote_digest,
            is_remote=is_remote,
            look_again=look_again,
        )
        assert [one.name for one in digests()] == ["memory://bucket/a.csv", str(tmp_path / "b.csv")]
        assert why_once("memory://bucket/a.csv", is_read=True) == ""
        digests.check()
        facts["ETag"] = "two"
        with pytest.raises(TableError, match=r"a.csv: expected the file as it was when the run began"):
            digests.check()
        del facts["ETag"]
        assert why_once("memory://bucket/a.csv", is_read=True) == "a file whose store does not say when it changes"
    finally:
        del store.info


def test_an_output_is_there_whole_or_not_at_all(store: Any) -> None:
    with remote_file("memory://bucket/out.csv") as file:
        file.write(b"a\n")
        assert not store.exists("/bucket/out.csv")
    assert store.cat("/bucket/out.csv") == b"a\n"

    with pytest.raises(RuntimeError), remote_file("memory://bucket/other.csv"):
        raise RuntimeError
    assert not store.exists("/bucket/other.csv")


def test_an_output_that_exists_is_replaced_by_force_only(store: Any) -> None:
    store.pipe("/bucket/out.csv", b"x")

    check_new("memory://bucket/out.csv", force=True)
    with pytest.raises(TableError, match=r"out.csv: expected a new file, got one that exists; --force"):
        check_new("memory://bucket/out.csv", force=False)


def test_a_folder_or_a_url_of_http_is_no_output(store: Any) -> None:
    store.pipe("/bucket/day/in.csv", b"x")

    for name in ("memory://bucket/day", "memory://bucket/day/"):
        with pytest.raises(TableError, match=rf"^{name}: expected the name of a file to write, got a folder$"):
            check_new(name, force=True)
    with pytest.raises(TableError, match=r"^https://host/a.csv: expected a path or a URL of a store"):
        check_new("https://me:pass@host/a.csv?sig=secret", force=False)


def test_a_summary_replaces_an_earlier_one_and_nothing_else(store: Any) -> None:
    name = "memory://bucket/summary.json"
    try_summary(name, taken=[], replaces=False)
    with output_file(name) as file:
        file.write(json.dumps(dict.fromkeys(SUMMARY_FIELDS)).encode())
    try_summary(name, taken=[], replaces=False)
    with pytest.raises(TableError, match="expected a summary file that is neither an input nor an output"):
        try_summary(name, taken=[name], replaces=True)

    store.pipe("/bucket/summary.json", b"precious")
    try_summary(name, taken=[], replaces=True)
    with pytest.raises(TableError, match="expected a new file or the summary of an earlier run, got another file"):
        try_summary(name, taken=[], replaces=False)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError("GET https://me:pass@host/a.csv?sig=secret\n failed"), "GET https://host/a.csv failed"),
        (TimeoutError(), "no answer in time"),
        (KeyError(), "KeyError"),
        (PermissionError("Forbidden"), "Forbidden; check the credentials and what they allow"),
        (OSError("x" * 1000), "x" * 300 + "…"),
    ],
)
def test_an_error_of_a_store_is_a_line_without_secrets(raised: Exception, said: str) -> None:
    def fail() -> None:
        raise raised

    with pytest.raises(TableError) as caught:
        answer_of("s3://bucket/a.csv", fail)
    assert str(caught.value) == f"s3://bucket/a.csv: cannot be read: {said}"


def test_a_file_shorter_than_its_size_is_not_whole(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe("/bucket/a.csv", b"a\n1\n")
    monkeypatch.setattr(MemoryFile, "size", 10)

    with pytest.raises(
        TableError, match=r"a.csv: expected a whole file, got 4 of its 10 bytes; it was replaced or cut"
    ):
        read("memory://bucket/a.csv")


def test_an_output_that_cannot_be_sent_is_kept_here(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def rejected(*_: object, **__: object) -> None:
        raise PermissionError("denied")

    monkeypatch.setattr(type(store), "put_file", rejected)

    with pytest.raises(UnwritableError) as caught, remote_file("memory://bucket/out.csv") as file:
        file.write(b"rows")

    said, _, kept = str(caught.value).partition("; the output is kept in ")
    assert said == "memory://bucket/out.csv: cannot be written: denied; check the credentials and what they allow"
    assert Path(kept).read_bytes() == b"rows"
    Path(kept).unlink()
