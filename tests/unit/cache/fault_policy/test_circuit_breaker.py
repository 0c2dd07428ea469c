"""Circuit: opened once, said once, probed more rarely where an operator has to change a configuration."""

import asyncio
import logging

import pytest

from foreseen.adapters.cache.fault_policy.circuit_breaker import Circuit, LogMessages
from foreseen.domain.errors import CacheError, CacheUnavailableError, Outage
from support.virtual_time import in_virtual_time

SAID = LogMessages(opened="%s opened: %s", still_open="%s still open: %s", closed="%s closed")
AWAY = CacheUnavailableError("away")


def rejected(details: str = "") -> CacheUnavailableError:
    return CacheUnavailableError(f"NOAUTH{details}", kind="NOAUTH", needs_operator=True)


class Probes:
    """What probes meet, the last one for good, and when they were made."""

    def __init__(self, *errors: CacheError | None) -> None:
        self.errors = list(errors)
        self.at_s: list[float] = []

    async def __call__(self) -> None:
        self.at_s.append(asyncio.get_running_loop().time())
        error = self.errors.pop(0) if len(self.errors) > 1 else self.errors[0]
        if error is not None:
            raise error


def circuit_of(probes: Probes) -> Circuit:
    return Circuit("it", probes, SAID, budget_s=0.025)


async def opened(probes: Probes, exc: CacheError, seconds: float) -> Circuit:
    circuit = circuit_of(probes)
    circuit.open(Outage.FAILURE, exc)
    await asyncio.sleep(seconds)
    await circuit.stop()
    return circuit


@in_virtual_time
async def test_failures_that_need_an_operator_are_probed_ever_more_rarely() -> None:
    passing, lasting = Probes(AWAY), Probes(rejected())

    await opened(passing, AWAY, 600.0)
    await opened(lasting, rejected(), 600.0)

    assert 110 < len(passing.at_s) < 180
    assert 20 < len(lasting.at_s) < 40


@in_virtual_time
async def test_a_lasting_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    await opened(Probes(rejected(" 1"), rejected(" 2")), rejected(" 0"), 600.0)

    assert [record.getMessage() for record in caplog.records] == ["it opened: NOAUTH 0"]


@in_virtual_time
async def test_a_recovered_server_that_rejects_commands_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    circuit = await opened(Probes(AWAY, rejected(), AWAY, rejected()), AWAY, 600.0)

    assert [record.getMessage() for record in caplog.records] == ["it opened: away", "it still open: NOAUTH"]
    assert circuit.reason == "NOAUTH"


@in_virtual_time
async def test_a_successful_probe_closes_it_and_it_can_open_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    circuit = circuit_of(Probes(rejected(), None))
    for _ in range(2):
        circuit.open(Outage.FAILURE, rejected())
        circuit.open(Outage.FAILURE, AWAY)  # a call that was under way as well
        await asyncio.sleep(60.0)
        assert (circuit.is_closed, circuit.reason) == (True, "")
    await circuit.stop()

    assert [record.getMessage() for record in caplog.records] == ["it opened: NOAUTH", "it closed"] * 2
    assert circuit.outages == {Outage.FAILURE: 2}
