"""Log lines: text for people, one JSON object a line for machines."""

import json
import logging
from collections.abc import Iterator

import pytest

from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    handlers, levels = root.handlers[:], (root.level, uvicorn.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    uvicorn.setLevel(levels[1])


def fail(log: logging.Logger) -> None:
    try:
        raise ZeroDivisionError("by\nnothing")
    except ZeroDivisionError:
        log.exception("a %s failed", "thing")


def test_a_json_line_holds_one_event_its_traceback_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    fail(logging.getLogger("some.library"))
    logging.getLogger("other").info("größer\nals %d", 1)

    failed, told = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (failed["level"], failed["logger"], failed["event"]) == ("error", "some.library", "a thing failed")
    assert "ZeroDivisionError: by\nnothing" in failed["exception"]
    assert failed["timestamp"].endswith("Z")
    assert told["event"] == "größer\nals 1"


def test_text_is_for_people_and_without_colours_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    logging.getLogger("foreseen").warning("the cache is away")

    line = capsys.readouterr().err
    assert "the cache is away" in line
    assert "warning" in line
    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_a_traceback_shows_no_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    secret = "hush" * 2
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        logging.getLogger("foreseen").exception("a thing failed")

    err = capsys.readouterr().err
    assert "ZeroDivisionError: by nothing" in err
    assert secret not in err


def test_nothing_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    fail(logging.getLogger("foreseen"))

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("level", "shown"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")])
def test_the_level_says_what_is_shown(level: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings.model_validate({"log_level": level, "log_format": "json"}))
    log = logging.getLogger("foreseen")
    for say in (log.debug, log.info, log.warning, log.error):
        say("said")

    told = [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()]
    assert "".join(name[0] for name in told) == shown


def test_the_web_server_tells_only_of_its_troubles(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="debug"))
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").warning("in trouble")

    err = capsys.readouterr().err
    assert "in trouble" in err
    assert "Started" not in err


def test_configuring_twice_does_not_say_everything_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    configure_logs(Settings())
    logging.getLogger("foreseen").warning("once")

    assert capsys.readouterr().err.count("once") == 1
