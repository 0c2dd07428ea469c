"""The second signal to stop: it comes at any moment, and ends the process at that."""

import logging
import os
import signal
import sys

import pytest

from foreseen.entrypoints.http.service.graceful_stop import exit_at_once
from support.command_in_process import own_logs


class ExitedError(Exception):
    """The process would have ended."""


class Busy:
    """A stream that the signal has interrupted within a write."""

    def write(self, _: str) -> None:
        raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")

    def flush(self) -> None: ...


def test_it_ends_the_process_though_it_has_interrupted_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def exit_with(code: int) -> None:
        raise ExitedError(code)

    ended: list[str] = []
    monkeypatch.setattr(os, "_exit", exit_with)
    monkeypatch.setattr(sys, "stderr", Busy())
    with own_logs():
        logging.getLogger().handlers[:] = [logging.StreamHandler()]
        with pytest.raises(ExitedError, match="143"):
            exit_at_once(signal.SIGTERM, lambda: ended.append("model"))

    assert ended == ["model"]
