"""A real S3 server that the tests share, and files in it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Protocol

import fsspec
import pytest

from support.command_in_process import run_here
from support.models import IRIS_NAMES
from support.s3_server import BUCKET, S3Server, s3_server

HEADER = ",".join(IRIS_NAMES)
ROWS = f"{HEADER}\n5.1,3.5,1.4,0.2\n6.1,2.8,4.7,1.2\n"
SCORED = f"{HEADER},prediction\n5.1,3.5,1.4,0.2,0\n6.1,2.8,4.7,1.2,1\n"
ONE_IS_BAD = ROWS + "wide,1,1,1\n"


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class Store:
    """The bucket, as another program sees it."""

    def __init__(self, server: S3Server) -> None:
        account = {"key": server.key, "secret": server.secret, "endpoint_url": server.url}
        self._system = fsspec.filesystem("s3", **account, use_listings_cache=False, skip_instance_cache=True)

    def put(self, name: str, data: bytes | str) -> str:
        """Make a file; return its URL."""
        url = f"s3://{BUCKET}/{name}"
        self._system.pipe_file(url, data if isinstance(data, bytes) else data.encode())
        return url

    def get(self, name: str) -> bytes:
        """Return what a file holds."""
        return bytes(self._system.cat_file(f"s3://{BUCKET}/{name}"))

    def names(self) -> list[str]:
        """Return the names of all files."""
        return sorted(name.removeprefix(f"{BUCKET}/") for name in self._system.find(BUCKET))

    def clear(self) -> None:
        """Remove all files."""
        for path in self._system.find(BUCKET):
            self._system.rm_file(path)


@pytest.fixture(scope="session")
def bucket(server: S3Server) -> Store:
    return Store(server)


@pytest.fixture
def store(server: S3Server, bucket: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The empty bucket, with the variables that lead to it."""
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    bucket.clear()
    return bucket


_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_KNOWN: list[list[str | None]] = []
"""The account of the file systems that fsspec has made."""


def as_in_a_new_process() -> None:
    """Have nothing left of what another run knew of the store: its account, or what its folders held."""
    kind: Any = fsspec.get_filesystem_class("s3")
    account = [os.environ.get(name) for name in _VARIABLES]
    if account not in _KNOWN:  # to make a file system takes half a second
        kind.clear_instance_cache()
        _KNOWN[:] = [account]
    for system in kind._cache.values():
        system.invalidate_cache()


class Scored(Protocol):
    """Runs `foreseen score`, with a model."""

    def __call__(self, *args: object) -> CompletedProcess[bytes]:
        """Return how it ended."""


@pytest.fixture
def score(flower_model: Path, tmp_path: Path) -> Scored:
    def run(*args: object) -> CompletedProcess[bytes]:
        as_in_a_new_process()
        return run_here("score", flower_model, *args, cwd=tmp_path)

    return run


def line(ended: CompletedProcess[bytes]) -> str:
    """Return the one line with which a command failed."""
    said = ended.stderr.decode()
    assert ended.returncode in (1, 2), said
    assert re.fullmatch(r"foreseen: [^\n]*\n", said), said
    return said.removeprefix("foreseen: ").removesuffix("\n")
