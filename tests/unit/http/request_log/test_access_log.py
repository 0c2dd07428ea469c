"""A line for each request, written behind it, and never more than may wait."""

import json
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from foreseen.domain.counters import LINES_DROPPED, Tally
from foreseen.entrypoints.http.request_log import access_log as access_logs
from foreseen.entrypoints.http.request_log.access_log import AccessLine, AccessLog
from foreseen.entrypoints.http.service.application import create_service
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings
from support.command_in_process import own_logs
from support.fakes import FakePredictor
from support.in_process_service import REQUEST_ID, service, wired_around
from support.time_limits import PATIENCE_S

QUERY = b"length=1&width=2"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LINE = AccessLine(0.5, "GET", b"/predict", 200, 21_000, 18, ("::1", 5), b"mine", None, "L1")


def answered(log_format: str, **settings: object) -> None:
    with own_logs():
        configure_logs(Settings.model_validate({"log_format": log_format}))
        wiring = wired_around(FakePredictor(), **settings)
        with service(wiring) as started:
            served = started.behind(create_service(wiring))
            traced = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            served.send("GET", query=QUERY)
            served.send("GET", query=QUERY, headers=traced)
            served.send("HEAD", query=QUERY)
            served.send("GET", "/no\nthing", headers=traced)


def test_each_request_has_a_line_however_it_was_answered(capsys: pytest.CaptureFixture[str]) -> None:
    answered("json", access_log="on")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["method"], line["path"], line["status"], line.get("tier")) for line in lines] == [
        ("GET", "/predict", 200, "model"),
        ("GET", "/predict", 200, "L1"),
        ("HEAD", "/predict", 200, "L1"),
        ("GET", "/no\nthing", 404, None),
    ]
    assert [line.get("trace_id") for line in lines] == [None, TRACE, None, TRACE]
    assert [line["bytes"] for line in lines[:3]] == [18, 18, 0]
    assert {line["request_id"] for line in lines} == {REQUEST_ID}
    assert {(line["event"], line["level"], line["client"]) for line in lines} == {("request", "info", "127.0.0.1")}
    assert all(line["duration_ms"] >= 0 and line["timestamp"].endswith("Z") for line in lines)
    assert not any("length" in str(line) for line in lines)


def test_text_lines_look_like_the_log_and_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    answered("text", access_log="on")

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert " [info     ] GET /predict 200 [foreseen.access] duration_ms=" in lines[1]
    assert lines[1].endswith(f" bytes=18 client=127.0.0.1 tier=L1 request_id={REQUEST_ID} trace_id={TRACE}")
    assert r"GET /no\nthing 404 [foreseen.access]" in lines[3]


def test_without_the_setting_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    answered("text")

    assert capsys.readouterr().err == ""


class Held:
    """A standard error that is not read until a test lets it."""

    def __init__(self) -> None:
        self.is_writing = Event()
        self.goes_on = Event()
        self.text = ""

    def __call__(self, text: str) -> None:
        self.is_writing.set()
        assert self.goes_on.wait(PATIENCE_S)
        self.text += text


@pytest.fixture
def held() -> Iterator[Held]:
    writer = Held()
    yield writer
    writer.goes_on.set()


def test_beyond_the_limit_the_newest_lines_are_dropped_and_counted(
    held: Held, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(access_logs, "MAX_LINES", 10)
    tally = Tally()
    log = AccessLog(tally, held)
    log.add(LINE)
    assert held.is_writing.wait(PATIENCE_S)
    for number in range(13):
        log.add(LINE._replace(request_id=b"%d" % number))
    held.goes_on.set()
    log.close()

    assert [line.rpartition("=")[2] for line in held.text.splitlines()] == ["mine", *map(str, range(10))]
    assert tally.counts[LINES_DROPPED] == 3
    assert caplog.messages == ["3 lines of the access log were dropped: standard error is too slow"]


def test_a_reader_that_has_stopped_does_not_keep_the_service(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_logs, "ENDING_S", 0.01)
    log = AccessLog(Tally(), held)
    log.add(LINE)

    log.close()

    assert held.text == ""


def test_lines_wait_until_there_is_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    with monkeypatch.context() as full:
        full.setattr(Thread, "start", no_room)
        log.add(LINE)
    log.add(LINE)
    log.close()

    assert len("".join(written).splitlines()) == 2


def test_a_path_of_any_length_is_cut_before_it_waits() -> None:
    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    log.add(LINE._replace(path=b"/" + b"x" * 60_000, traceparent=b"x" * 60_000))
    log.close()

    assert "x" * 999 + " 200 " in written[0]
    assert len(written[0]) < 1200


def test_one_write_holds_whole_lines_within_an_atomic_pipe_write() -> None:
    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    for _ in range(200):
        log.add(LINE._replace(path=b"/\xe4" * 50))
    log.close()

    assert sum(text.count("\n") for text in written) == 200
    assert all(text.endswith("\n") and len(text.encode()) <= 4096 for text in written)
    assert len(written) < 40
