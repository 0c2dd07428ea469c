"""Signals to a scoring run: the first stops it in order, the next at once, and one that came twice is one."""

import signal

import pytest

from foreseen.domain.errors import TerminatedError
from foreseen.entrypoints.cli.run.stop_signals import SAME_S, Leaving, Stopping
from support.fakes import Clock


class Ended(BaseException):
    """The process is gone."""


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr("foreseen.entrypoints.cli.run.stop_signals.os._exit", end)


def test_simultaneous_sigterms_count_once_and_later_ones_again() -> None:
    clock = Clock()
    stop = Stopping(clock)

    for _ in range(2):
        stop.receive(signal.SIGTERM, None)
    assert stop()

    clock.pass_s(SAME_S * 2)
    with pytest.raises(Ended) as caught:
        stop.receive(signal.SIGTERM, None)
    assert caught.value.args == (143,)


def test_a_second_ctrl_c_never_waits() -> None:
    stop = Stopping(Clock())
    stop.receive(signal.SIGINT, None)

    with pytest.raises(Ended) as caught:
        stop.receive(signal.SIGINT, None)
    assert caught.value.args == (130,)


def test_two_sigterms_at_once_do_not_interrupt_a_stream() -> None:
    clock = Clock()
    leave = Leaving(clock)

    with pytest.raises(TerminatedError) as caught:
        leave(signal.SIGTERM, None)
    assert caught.value.code == 143
    leave(signal.SIGTERM, None)  # while the first one is seen to

    clock.pass_s(SAME_S * 2)
    with pytest.raises(Ended):
        leave(signal.SIGTERM, None)
