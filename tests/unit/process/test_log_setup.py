"""The log of a process goes to one handler, warnings of Python with it."""

import logging
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from foreseen.process.log_setup import filter_warnings, send_logs_to

QUIET = "a_talkative_library"


@pytest.fixture(autouse=True)
def log_of_before() -> Iterator[None]:
    root, shown = logging.getLogger(), logging.getLogger("py.warnings")
    before = root.handlers[:], root.level, shown.filters[:]
    yield
    root.handlers[:], shown.filters[:] = before[0], before[2]
    root.setLevel(before[1])
    logging.getLogger(QUIET).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def sent(level: int | str) -> StringIO:
    text = StringIO()
    send_logs_to(logging.StreamHandler(text), level=level, quiet=[QUIET])
    return text


def test_one_handler_gets_what_every_library_logs() -> None:
    sent("DEBUG")
    text = sent("INFO")

    logging.getLogger("some.library").info("said")
    logging.getLogger("some.library").debug("left out")

    assert text.getvalue() == "said\n"


@pytest.mark.parametrize(("level", "logged"), [("INFO", "a warning\n"), ("ERROR", "")])
def test_a_quiet_logger_logs_warnings_where_others_do(level: str, logged: str) -> None:
    text = sent(level)

    logging.getLogger(QUIET).info("started")
    logging.getLogger(QUIET).warning("a warning")

    assert text.getvalue() == logged


def test_warnings_of_python_are_logged_unless_filtered() -> None:
    text = sent("INFO")
    filter_warnings(lambda record: "by chance" not in record.getMessage())

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("a warning", stacklevel=1)
        warnings.warn("seen by chance", stacklevel=1)

    assert "a warning" in text.getvalue()
    assert "by chance" not in text.getvalue()
