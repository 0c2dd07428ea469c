"""What is written in one turn of the event loop goes out in one piece."""

import asyncio
from typing import Any

import pytest

from foreseen.entrypoints.http.server import single_write
from foreseen.entrypoints.http.server.single_write import JoiningTransport


class Wire(asyncio.Transport):
    """A transport that records its calls."""

    def __init__(self, *, unsent: int = 0) -> None:
        super().__init__()
        self.calls: list[Any] = []
        self.unsent = unsent

    def write(self, data: object) -> None:
        self.calls.append(data)

    def close(self) -> None:
        self.calls.append("closed")

    def abort(self) -> None:
        self.calls.append("aborted")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return "closed" in self.calls

    def pause_reading(self) -> None:
        self.calls.append("paused")

    def resume_reading(self) -> None:
        self.calls.append("resumed")

    def get_extra_info(self, name: str, default: object = None) -> str:
        return name.upper()


async def test_writes_of_one_turn_are_sent_together_in_order() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"head ")
    transport.write(b"body")
    assert wire.calls == []

    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)

    assert wire.calls == [b"head body", b"next"]


async def test_everything_is_written_once_before_it_closes() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)

    assert wire.calls == [b"last", "closed"]
    assert transport.is_closing()


async def test_the_rest_is_as_the_transport_itself() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.pause_reading()
    transport.resume_reading()

    assert wire.calls == ["paused", "resumed"]
    assert transport.get_extra_info("peername") == "PEERNAME"


async def test_buffered_writes_of_an_ended_connection_are_dropped() -> None:
    wire = Wire()
    transport = JoiningTransport(wire, asyncio.get_running_loop())
    transport.write(b"last")
    wire.close()
    await asyncio.sleep(0)

    assert wire.calls == ["closed"]


@pytest.mark.parametrize(("unsent", "calls"), [(0, ["closed"]), (1, ["closed", "aborted"])])
async def test_a_client_that_does_not_read_the_end_is_aborted(
    monkeypatch: pytest.MonkeyPatch, unsent: int, calls: list[str]
) -> None:
    monkeypatch.setattr(single_write, "LINGER_S", 0.0)
    wire = Wire(unsent=unsent)
    JoiningTransport(wire, asyncio.get_running_loop()).close()
    await asyncio.sleep(0.01)

    assert wire.calls == calls
