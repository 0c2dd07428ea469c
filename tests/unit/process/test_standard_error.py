"""Of what a process writes to standard error, only the lines that are meant are left out."""

import os
import sys
from pathlib import Path

import pytest

from foreseen.process.standard_error import standard_error_without


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_notice(line: bytes) -> bool:
    return line.startswith(b"I0000 ")


def test_only_notices_are_left_out_of_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with standard_error_without(is_notice):
        os.write(2, b"I0000 a notice\nof another thread\n")
        os.write(2, b"I0000 a notice\nwithout an end")

    os.write(2, b", but after it\n")
    assert capfd.readouterr().err == "of another thread\nwithout an end, but after it\n"


def test_what_was_written_before_an_error_appears(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with standard_error_without(is_notice):
            os.write(2, b"I0000 a notice\na warning\n")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert capfd.readouterr().err == "a warning\n"


def test_a_process_without_standard_error_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    kept = os.dup(2)
    os.close(2)
    try:
        with standard_error_without(is_notice):
            done = True
    finally:
        os.dup2(kept, 2)
        os.close(kept)

    assert done


def test_no_descriptor_is_left_open() -> None:
    before = open_descriptors()

    with standard_error_without(is_notice):
        pass

    assert open_descriptors() == before
