"""Signals have one owner: roles say which are handled, and what was there before comes back."""

import queue
import signal
from collections.abc import Iterator

import pytest

from foreseen.process.signal_handlers import (
    CHILD,
    COMMAND,
    RUN,
    SERVICE,
    Role,
    SignalThread,
    handle,
    handled,
    ignore,
    leave_signals_to_parent,
    raise_once,
    restore,
)
from support.time_limits import PATIENCE_S

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers_of_before() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in ALL}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_handler_is_called_until_its_block_ends() -> None:
    received: list[int] = []
    before = [signal.getsignal(each) for each in RUN.signals]

    with handled(RUN, lambda signum, _: received.append(signum)):
        for each in RUN.signals:
            signal.raise_signal(each)

    assert received == list(RUN.signals)
    assert [signal.getsignal(each) for each in RUN.signals] == before


def test_handlers_are_restored_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(ValueError, match="broken"), handled(RUN, lambda *_: None):
        raise ValueError("broken")

    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("role", "stays_ignored"), [(COMMAND, True), (CHILD, False)])
def test_a_command_goes_on_to_ignore_what_nohup_ignores(role: Role, stays_ignored: bool) -> None:
    ignore([signal.SIGHUP])

    before = handle(role, lambda *_: None)

    assert (signal.getsignal(signal.SIGHUP) is signal.SIG_IGN) is stays_ignored
    assert (signal.SIGHUP in before) is not stays_ignored


def test_one_signal_of_a_role_can_be_handled_alone() -> None:
    before = signal.getsignal(signal.SIGINT)

    assert handle(SERVICE, lambda *_: None, only=signal.SIGTERM).keys() == {signal.SIGTERM}

    assert signal.getsignal(signal.SIGINT) is before


def test_a_restored_handler_is_the_one_of_before() -> None:
    first, second = handle(SERVICE, lambda *_: None), handle(SERVICE, lambda *_: None)
    restore(second)
    assert all(signal.getsignal(each) is handler for each, handler in second.items())

    restore(first)

    assert all(signal.getsignal(each) is handler for each, handler in first.items())


def test_a_child_outlives_every_signal_without_ignoring_it() -> None:
    leave_signals_to_parent()

    for each in CHILD.signals:
        signal.raise_signal(each)
        assert signal.getsignal(each) is not signal.SIG_IGN  # what it starts would inherit that


@pytest.mark.parametrize("first", SERVICE.signals)
def test_only_the_first_signal_to_stop_raises(first: signal.Signals) -> None:
    raise_once(SERVICE, KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(first)

    for each in SERVICE.signals:
        signal.raise_signal(each)
        assert signal.getsignal(each) is not signal.SIG_IGN


def test_signals_after_the_one_that_raised_call_another_handler() -> None:
    received: list[int] = []
    raise_once(SERVICE, SystemExit(0), later=lambda signum, _: received.append(signum))

    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)

    assert received == [signal.SIGINT]


def test_a_thread_receives_signals_until_it_ends() -> None:
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    handle(RUN, lambda *_: None)

    thread = SignalThread(received.put)
    signal.raise_signal(signal.SIGTERM)
    assert received.get(timeout=PATIENCE_S) == signal.SIGTERM
    thread.end()
    signal.raise_signal(signal.SIGTERM)

    assert received.empty()
