"""A connection over TLS reads its certificates in a thread, while the loop goes on."""

import ssl
import threading

import pytest
import redis.exceptions

from foreseen.adapters.cache.redis.client.connection import client_with, redis_options
from foreseen.adapters.cache.redis.servers.sentinel_connections import Sentinels, primary_options


def tls_options(**more: object) -> dict[str, object]:
    return {**redis_options("rediss://127.0.0.1:1/0", timeout_s=5.0, max_connections=1), **more}


class _Elsewhere(Sentinels):
    """Sentinels that name a port which is closed."""

    def __init__(self) -> None:
        pass

    async def primary(self) -> tuple[str, int]:
        return "127.0.0.1", 1


@pytest.mark.parametrize(
    "options", [tls_options(), primary_options(_Elsewhere(), tls_options())], ids=["to a server", "to a primary"]
)
async def test_certificates_are_read_beside_the_loop(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    create = ssl.create_default_context

    def noted() -> ssl.SSLContext:
        threads.append(threading.get_ident())
        return create()

    monkeypatch.setattr(ssl, "create_default_context", noted)
    client = client_with(options)

    with pytest.raises(redis.exceptions.ConnectionError):
        await client.ping()
    await client.aclose()

    assert threads
    assert threading.get_ident() not in threads
