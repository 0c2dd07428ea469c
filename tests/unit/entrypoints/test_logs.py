"""Log lines: text for people, one JSON object a line for machines."""

import json
import logging
from collections.abc import Iterator

import pytest

from foreseen.adapters.predictor.subprocess.pipe import LogLine
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.logs import configure_logs
from foreseen.entrypoints.operator_lines import write_line
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


def test_a_json_line_is_one_event_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    fail(logging.getLogger("some.library"))
    logging.getLogger("other").info("größer\nals %d", 1)

    failed, logged = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (failed["level"], failed["logger"], failed["event"]) == ("error", "some.library", "a thing failed")
    assert "ZeroDivisionError: by\nnothing" in failed["exception"]
    assert failed["timestamp"].endswith("Z")
    assert logged["event"] == "größer\nals 1"


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
def test_the_level_decides_what_is_shown(level: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings.model_validate({"log_level": level, "log_format": "json"}))
    log = logging.getLogger("foreseen")
    for say in (log.debug, log.info, log.warning, log.error):
        say("said")

    logged = [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()]
    assert "".join(name[0] for name in logged) == shown


def test_the_web_server_logs_only_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
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


FORGED = "x\n2026-01-01T00:00:00Z [info     ] forged [foreseen]"
HOSTILE = [
    "\n",
    "\r",
    "\x1b[31m",
    "\x00",
    "\x7f",
    "\x85",
    "\x9b2J",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ud800",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_no_character_breaks_a_text_line_or_its_reading(hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    logging.getLogger("foreseen").error("%s failed: %s", f"/a{hostile}b", f"größer 語 {hostile} forged")

    line = capsys.readouterr().err
    assert line.removesuffix("\n").isprintable()
    assert "größer 語" in line
    assert hostile.encode("unicode_escape").decode() in line


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_json_lines_are_ascii_so_that_no_reader_sees_two(hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"))
    logging.getLogger("foreseen").error("failed: %s", hostile)
    write_line(f"failed: {hostile}")

    lines = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert [json.loads(line)["event"] for line in lines] == [f"failed: {hostile}"] * 2
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_a_message_within_a_traceback_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    try:
        raise ValueError(FORGED + "\x1b[2J\u202e")
    except ValueError:
        logging.getLogger("foreseen").exception("failed")

    _, *traceback = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert len(traceback) > 3
    assert all(line.startswith("    | ") and line.isprintable() for line in traceback)


def test_a_traceback_of_another_process_forges_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings())
    line = LogLine("own.model", logging.ERROR, FORGED, f"Traceback\nValueError: {FORGED}")
    logging.getLogger(line.logger).handle(line.record())

    first, *traceback = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert "own.model" in first
    assert traceback[0] == "    | Traceback"
    assert all(line.startswith("    | ") for line in traceback)


def test_a_line_for_the_operator_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    write_line("no such file: \n\x1b[31mfile\u202e\udc80.csv")

    assert capsys.readouterr().err == "foreseen: no such file: \\n\\x1b[31mfile\\u202e\\udc80.csv\n"


def test_variables_of_a_kubernetes_service_are_reported_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORESEEN_SERVICE_HOST", "10.0.0.1")
    settings = Settings.load(None, {})

    start_logging(settings)
    configure_logs(settings)  # as a worker does

    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "ignored in the environment, as Kubernetes' variables of a Service: FORESEEN_SERVICE_HOST" in said[0]
