"""What is written in one turn of the event loop goes out in one piece."""

import asyncio
from typing import Any

import pytest

from foreseen.entrypoints.http.server import single_write
from foreseen.entrypoints.http.server.single_write import JoiningTransport


class Wire:
    """A transport that remembers what it was told."""

    def __init__(self, *, unsent: int = 0) -> None:
        self.told: list[Any] = []
        self.unsent = unsent

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")

    def abort(self) -> None:
        self.told.append("aborted")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return "closed" in self.told

    def pause_reading(self) -> None:
        self.told.append("paused")

    def resume_reading(self) -> None:
        self.told.append("resumed")

    def get_extra_info(self, name: str) -> str:
        return name.upper()


async def test_what_is_written_in_one_turn_goes_out_together_and_in_order() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"head ")
    transport.write(b"body")
    assert wire.told == []

    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)

    assert wire.told == [b"head body", b"next"]


async def test_all_is_written_before_it_closes_and_once() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)

    assert wire.told == [b"last", "closed"]
    assert transport.is_closing()


async def test_the_rest_is_as_the_transport_itself() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.pause_reading()
    transport.resume_reading()

    assert wire.told == ["paused", "resumed"]
    assert transport.get_extra_info("peername") == "PEERNAME"


async def test_what_is_kept_for_a_connection_that_has_ended_is_dropped() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"last")
    wire.close()
    await asyncio.sleep(0)

    assert wire.told == ["closed"]


@pytest.mark.parametrize(("unsent", "told"), [(0, ["closed"]), (1, ["closed", "aborted"])])
async def test_a_client_that_does_not_take_the_last_is_left_in_the_end(
    monkeypatch: pytest.MonkeyPatch, unsent: int, told: list[str]
) -> None:
    monkeypatch.setattr(single_write, "LINGER_S", 0.0)
    wire = Wire(unsent=unsent)
    JoiningTransport(wire, asyncio.get_running_loop()).close()
    await asyncio.sleep(0.01)

    assert wire.told == told
