"""The first signal ends a run by an exception; the others change nothing."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from foreseen.entrypoints.cli.process.exit_codes import run
from foreseen.entrypoints.cli.process.interruption import InterruptedRunError, Interruption, interruption_if

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[list[object]]:
    """The handlers of this process, which has them again when a test is over."""
    before = [signal.getsignal(each) for each in SIGNALS]
    # Under nohup, or in the background of a script, some are ignored, and stay so.
    usual: list[Any] = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
    for each, handler in zip(SIGNALS, usual, strict=True):
        signal.signal(each, handler)
    yield list(usual)
    for each, handler in zip(SIGNALS, before, strict=True):
        signal.signal(each, handler)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str)
def test_a_signal_is_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], sent: signal.Signals, code: int
) -> None:
    def command() -> None:
        with interruption_if(True):
            signal.raise_signal(sent)

    assert run(command) == code
    assert capsys.readouterr().err == "foreseen: interrupted\n"
    assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_IGN] * 3


def test_handlers_are_as_before_where_there_was_no_signal(handlers: list[object]) -> None:
    with interruption_if(True):
        pass

    assert [signal.getsignal(each) for each in SIGNALS] == handlers


def test_a_note_survives_an_error_while_it_tidies_up() -> None:
    interruption = Interruption()

    with pytest.raises(InterruptedRunError) as ended, interruption.handled():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGTERM)
        except InterruptedRunError as exc:
            exc.add_note("3 rows are done")
            raise OSError("what the run used is gone, too")  # noqa: B904 - as in the end of a block

    assert ended.value.__notes__ == ["3 rows are done"]


def test_later_signals_do_not_disturb_what_tidies_up() -> None:
    interruption, tidied = Interruption(), []

    with pytest.raises(InterruptedRunError) as ended, interruption.handled():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            tidied.append("all")

    assert (tidied, ended.value.code) == (["all"], 129)


def test_a_held_back_signal_is_raised_after_the_critical_part() -> None:
    interruption, done = Interruption(), []

    with pytest.raises(InterruptedRunError), interruption.handled():  # noqa: PT012
        with interruption.held_back():
            signal.raise_signal(signal.SIGTERM)
            done.append("all")
        done.append("too much")

    assert done == ["all"]


def test_whatever_fails_after_a_signal_fails_for_it() -> None:
    interruption = Interruption()

    with pytest.raises(InterruptedRunError) as ended, interruption.handled():  # noqa: PT012
        try:
            signal.raise_signal(signal.SIGTERM)
        except InterruptedRunError:  # such as a model's own code that catches everything
            gone = OSError("the terminal is gone")
            gone.add_note("3 rows are done")
            raise gone from None

    assert (ended.value.code, ended.value.__notes__) == (143, ["3 rows are done"])


def test_a_caught_signal_is_raised_where_it_is_checked() -> None:
    interruption = Interruption()

    with pytest.raises(InterruptedRunError), interruption.handled():  # noqa: PT012
        with suppress(BaseException):  # a model's own code
            signal.raise_signal(signal.SIGINT)
        interruption.check()


def test_signals_ignored_from_the_start_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Interruption().handled():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_closed_terminal_does_not_change_the_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Gone:
        def write(self, _: str) -> int:
            raise OSError(5, "Input/output error")

        def flush(self) -> None:
            raise OSError(5, "Input/output error")

    closed: list[int] = []
    monkeypatch.setattr("sys.stderr", Gone())
    monkeypatch.setattr("os.dup2", lambda _, number: closed.append(number))

    def command() -> None:
        with interruption_if(True):
            signal.raise_signal(signal.SIGHUP)

    assert (run(command), closed) == (129, [2])
