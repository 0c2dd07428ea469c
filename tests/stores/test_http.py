"""Files of web servers, of those that send parts of a file and of those that cannot; none is taken as whole in part."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.remote import remote_files
from support.file_server import SECRET, file_server
from support.own_port import own_port

from .conftest import HEADER, Scored, line

LENGTH = 20_000
ROWS = f"{HEADER}\n" + "".join(f"{n / 1000},3.5,1.4,0.2\n" for n in range(LENGTH))
TABLE = pyarrow.csv.read_csv(io.BytesIO(ROWS.encode()))
_ACROSS_BLOCKS = 1 << 16


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(TABLE, out, compression="none", use_dictionary=False, row_group_size=4_000)
    return out.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    data = ROWS.encode()
    with file_server({"in.csv": data, "in.csv.gz": gzip.compress(data), "in.parquet": parquet()}) as url:
        yield url


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "BLOCK_BYTES", _ACROSS_BLOCKS)


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.parquet"])
@pytest.mark.parametrize("way", ["ranges", "whole", "chunked", "moved", "zipped"])
def test_a_file_is_read_however_its_server_sends_it(
    way: str, name: str, server: str, score: Scored, tmp_path: Path
) -> None:
    ended = score(f"{server}/{way}/{name}?{SECRET}", "-o", "out.parquet")

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert pq.read_table(tmp_path / "out.parquet").select(TABLE.column_names).cast(TABLE.schema).equals(TABLE)


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.parquet"])
@pytest.mark.parametrize("way", ["cut", "cut-whole", "cut-chunked", "shrunk"])
def test_a_file_that_ends_too_early_is_no_shorter_file(
    way: str, name: str, server: str, score: Scored, tmp_path: Path
) -> None:
    url = f"{server}/{way}/{name}"

    said = line(score(f"{url}?{SECRET}", "-o", "out.csv"))

    assert said.startswith(f"{url}: ")
    assert SECRET not in said
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("gone", "expected a file of rows, got no such file"),
        ("denied", "cannot be read: the server answers 403 Forbidden; check the credentials and what they allow"),
        ("broken", "cannot be read: the server answers 503 Service Unavailable"),
    ],
)
def test_an_error_of_a_server_is_reported_in_its_words(way: str, said: str, server: str, score: Scored) -> None:
    url = f"{server}/{way}/in.csv"

    assert line(score(f"{url}?{SECRET}", "-o", "out.csv")) == f"{url}: {said}"


def test_a_server_that_is_not_there_is_named(score: Scored) -> None:
    with own_port() as port:
        url = f"http://127.0.0.1:{port}/in.csv"
        said = line(score(url, "-o", "out.csv"))

    assert said.startswith(f"{url}: cannot be read: Cannot connect to host 127.0.0.1:{port}")


def test_writing_over_http_is_rejected(server: str, score: Scored) -> None:
    url = f"{server}/ranges/out.csv"

    said = line(score(f"{server}/ranges/in.csv", "-o", url))

    assert said == f"{url}: expected a path or a URL of a store such as s3:// to write to, got one of HTTP"


def test_a_run_resumes_where_the_server_sends_validators(server: str, score: Scored, tmp_path: Path) -> None:
    assert score(f"{server}/ranges/in.csv", "-o", "out.csv", "--resume").returncode == 0
    said = line(score(f"{server}/whole/in.csv", "-o", "other.csv", "--resume"))

    assert said.startswith("--resume: expected a file as input, got ")
    assert said.endswith("in.csv, a file whose store does not say when it changes")
