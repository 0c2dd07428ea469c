"""Connections over TLS read their certificates in a thread, while the loop goes on, and once for all of them."""

import asyncio
import ssl
import threading
from pathlib import Path

import pytest
import redis.exceptions

from foreseen.adapters.cache.redis.client import tls_connection
from foreseen.adapters.cache.redis.client.connection import client_with, redis_options
from foreseen.adapters.cache.redis.servers.sentinel_connections import Sentinels, primary_options
from support.certificates import certificates


def tls_options(**more: object) -> dict[str, object]:
    return {**redis_options("rediss://127.0.0.1:1/0", timeout_s=5.0, max_connections=1), **more}


class _Elsewhere(Sentinels):
    """Sentinels that name a port which is closed."""

    def __init__(self) -> None:
        pass

    async def primary(self) -> tuple[str, int]:
        return "127.0.0.1", 1


@pytest.fixture
def read_in(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The thread of each reading from now on, before which nothing was read."""
    threads: list[int] = []
    create = ssl.create_default_context

    def noted() -> ssl.SSLContext:
        threads.append(threading.get_ident())
        return create()

    monkeypatch.setattr(ssl, "create_default_context", noted)
    monkeypatch.setattr(tls_connection, "CONTEXTS", tls_connection.TlsContexts())
    return threads


async def connect_in_vain(options: dict[str, object]) -> None:
    client = client_with(options)
    with pytest.raises(redis.exceptions.ConnectionError):
        await client.ping()
    await client.aclose()


@pytest.mark.parametrize(
    "options", [tls_options(), primary_options(_Elsewhere(), tls_options())], ids=["to a server", "to a primary"]
)
async def test_certificates_are_read_beside_the_loop(options: dict[str, object], read_in: list[int]) -> None:
    await connect_in_vain(options)

    assert read_in
    assert threading.get_ident() not in read_in


async def test_connections_that_are_made_together_read_them_once(read_in: list[int]) -> None:
    await asyncio.gather(*(connect_in_vain(tls_options()) for _ in range(8)))

    assert len(read_in) == 1


async def test_replaced_certificates_are_read_again(read_in: list[int], tmp_path: Path) -> None:
    files = certificates(tmp_path)
    trusting = tls_options(ssl_ca_certs=str(files.authority))
    for _ in range(2):
        await connect_in_vain(trusting)
    assert len(read_in) == 1

    files.authority.write_bytes(files.authority.read_bytes() + b"\n")
    await connect_in_vain(trusting)

    assert len(read_in) == 2


async def test_other_options_have_other_certificates(read_in: list[int]) -> None:
    for cert_reqs in ("required", "none"):
        await connect_in_vain(tls_options(ssl_cert_reqs=cert_reqs))

    assert len(read_in) == 2


async def test_certificates_that_cannot_be_read_are_an_error_each_time(read_in: list[int], tmp_path: Path) -> None:
    for _ in range(2):
        client = client_with(tls_options(ssl_ca_certs=str(tmp_path / "none.pem")))
        with pytest.raises((OSError, redis.exceptions.ConnectionError)):
            await client.ping()
        await client.aclose()

    assert len(read_in) == 2
