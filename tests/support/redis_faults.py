"""What goes wrong with a Redis, beside clients of a service that uses it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import redis

from support.fault_load import FaultLoad
from support.fault_measurements import BUDGET_S
from support.fault_proxy import Fault, FaultProxy
from support.own_valkey import OwnValkey
from support.processes import WITHOUT_TLS, Served

GARBAGE = b"\x80\x04\x95garbage"
LOOKUPS = 'l2_calls_total{operation="get"}'
CORRUPT = "l2_corrupt_entries_total"


@dataclass
class Stage:
    """A service that reaches its server through a proxy, under load."""

    server: OwnValkey
    proxy: FaultProxy
    running: Served
    load: FaultLoad
    client: httpx.Client = field(default_factory=lambda: httpx.Client(**WITHOUT_TLS))

    def is_in_use(self) -> bool:
        """Return what the service shows of its shared cache; it is ready all the while."""
        reply = self.client.get(self.running.url + "/readyz")
        assert reply.status_code == 200
        return bool(reply.json()["shared_cache"] == "in use")

    def scraped(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        lines = self.client.get(self.running.url + "/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"foreseen_{name}"))

    def lookups_while_out(self) -> tuple[float, float] | None:
        """Return how often the shared cache was disabled, and how often it was looked up; None where it is in use."""
        if self.is_in_use():
            return None
        return self.scraped("l2_outages"), self.scraped(LOOKUPS)

    def overwrite(self, write: Callable[[redis.Redis, bytes], object]) -> None:
        """Do something to all entries that the server holds."""
        with self.server.client as client:
            for name in client.keys("foreseen:*"):
                write(client, name)


@dataclass(frozen=True)
class Trouble:
    """A fault: how it begins, how it ends, and what it is known by.

    Attributes:
        says: what the log says of it, where it disables the shared cache.
        counts: what counts it, where the shared cache stays in use.
    """

    name: str
    begin: Callable[[Stage], object]
    end: Callable[[Stage], object] = lambda stage: stage.proxy.set(Fault.NONE)
    says: str = ""
    counts: str = ""

    @property
    def goes_out(self) -> bool:
        """Whether it disables the shared cache."""
        return not self.counts


def proxied(name: str, fault: Fault, *, delay_s: float = 0.0, says: str = "", counts: str = "") -> Trouble:
    return Trouble(name, lambda stage: stage.proxy.set(fault, delay_s=delay_s), says=says, counts=counts)


def nothing(_: Stage) -> None:
    """Leave it to the service to make good what was done."""


def as_list(client: redis.Redis, name: bytes) -> None:
    client.delete(name)
    client.rpush(name, "a list")


TROUBLES = [
    proxied("refused", Fault.REFUSE, says="onnect"),
    Trouble(
        "killed, restarted empty", lambda stage: stage.server.kill(), lambda stage: stage.server.restart(), "onnect"
    ),
    proxied("accepts, never answers", Fault.SILENCE, says="no answer within"),
    proxied(f"{2 * BUDGET_S * 1000:g} ms slow", Fault.DELAY, delay_s=2 * BUDGET_S, says="no answer within"),
    proxied("500 ms slow", Fault.DELAY, delay_s=0.5, says="no answer within"),
    proxied("half-closed", Fault.HALF_CLOSE, says="closed by server"),
    proxied("reset within a reply", Fault.RESET, says="onnection"),
    proxied("truncated replies", Fault.TRUNCATE, says="closed by server"),
    proxied("blackhole", Fault.BLACKHOLE, says="no answer within"),
    Trouble(
        "frozen (SIGSTOP)", lambda stage: stage.server.freeze(), lambda stage: stage.server.thaw(), "no answer within"
    ),
    Trouble(
        "full (noeviction)",
        lambda stage: stage.server.configure(maxmemory_policy="noeviction", maxmemory="1"),
        lambda stage: stage.server.configure(maxmemory="0"),
        "command not allowed when used memory",
    ),
    Trouble(
        "read-only replica",
        lambda stage: stage.server.ask("REPLICAOF", "127.0.0.1", "1"),
        lambda stage: stage.server.ask("REPLICAOF", "NO", "ONE"),
        "write against a read only replica",
    ),
    Trouble(
        "wrong password",
        lambda stage: stage.server.require("another"),
        lambda stage: stage.server.require(""),
        "invalid username-password pair",
    ),
    proxied("garbled replies", Fault.GARBLE),
    proxied("tampered entries", Fault.TAMPER, counts=CORRUPT),
    Trouble(
        "lists under our keys", lambda stage: stage.overwrite(as_list), nothing, counts=CORRUPT + '{corruption="type"}'
    ),
    Trouble(
        "garbage under our keys",
        lambda stage: stage.overwrite(lambda client, name: client.set(name, GARBAGE)),
        nothing,
        counts=CORRUPT + '{corruption="foreign"}',
    ),
]
