"""The real server behind integration tests."""

from collections.abc import Iterator

import pytest
import redis

from support.valkey_server import valkey_url


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A running Valkey, one for the whole session."""
    with valkey_url() as url:
        yield url


@pytest.fixture
def redis_url(server_url: str) -> str:
    """The same server, emptied."""
    with redis.Redis.from_url(server_url) as client:
        client.flushdb()
    return server_url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the server, by its fixture."""
    for item in items:
        if "server_url" in getattr(item, "fixturenames", ()):
            item.add_marker("server")
