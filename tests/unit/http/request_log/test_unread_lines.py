"""What is rejected before it was read has a line of the access log as well."""

import json
from typing import Any

import pytest

from foreseen.domain.counters import MAX_REASONS, MAX_ROUTES, MAX_STATUSES, REJECTED, REQUESTS, Tally
from foreseen.entrypoints.http.request_log import access_log
from foreseen.entrypoints.http.request_log.access_log import AccessLine, AccessLog
from foreseen.entrypoints.http.server import bounded_protocol
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FakePredictor
from support.in_loop_server import GET, in_loop_server
from support.in_process_service import wired_around

HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
UNKNOWN = ("-", "-")


async def lines_of(sent: bytes, *, before: bytes = b"", **settings: Any) -> list[str]:
    """Return the lines of what is sent on a connection, until that closes; what the service answers has none here."""
    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    async with in_loop_server(**settings) as opened:
        opened.state["access_log"] = log
        line = await opened.open()
        if before:
            await line.send(before)
            assert (await line.answer()).status == 200
        await line.send(sent)
        await line.rest()
    log.close()
    return "".join(written).splitlines()


def worded(line: str) -> tuple[str, str, str]:
    method, path, status = line.partition("]")[2].split()[:3]
    return method, path, status


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"nonsense\r\n\r\n", (*UNKNOWN, "400")),
        (b"GET /model?a=secret" + HOST + b"x: y\r\n" * 200, ("GET", "/model", "431")),
        (b"POST /predict" + HOST + b"Content-Length: +1\r\n\r\n", ("POST", "/predict", "400")),
        (b"HEAD /a%0ab" + HOST + b"\r\n", ("HEAD", "/a%0ab", "400")),
        (b"GET /\x1b[1m" + HOST + b"\r\n", (*UNKNOWN, "400")),
    ],
    ids=["nonsense", "too many fields", "a length", "a path", "an escape"],
)
async def test_a_line_shows_what_was_read_of_the_request(sent: bytes, said: tuple[str, str, str]) -> None:
    (line,) = await lines_of(sent)

    assert worded(line) == said
    assert "secret" not in line
    assert " client=127.0.0.1 request_id=" in line
    assert (" bytes=0 " in line) == (said[0] == "HEAD")
    assert "duration_ms" not in line


async def test_garbage_after_a_request_is_not_logged_with_its_path() -> None:
    (line,) = await lines_of(b"nonsense\r\n\r\n", before=GET)

    assert worded(line) == (*UNKNOWN, "400")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", UNKNOWN),
        (b"GET /predict?a=1 HTT", ("GET", "/predict")),
        (b"POST /predict" + HOST + b"Content-Length: 5\r\n\r\n{", ("POST", "/predict")),
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_timed_out_has_a_line(
    sent: bytes, said: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not sent:  # what is sent may arrive later on a busy machine
        monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 0.05)

    lines = await lines_of(sent, receive_timeout="0.05s")

    assert [worded(line) for line in lines] == ([(*said, "408")] if sent else [])


async def test_a_request_that_stops_within_its_body_counts_once(capsys: pytest.CaptureFixture[str]) -> None:
    wiring = wired_around(FakePredictor(), access_log="on")
    async with in_loop_server(serving=create_service(wiring), receive_timeout="0.05s") as opened:
        line = await opened.open()
        await line.send(b"POST /predict" + HOST + b"Content-Type: application/json\r\nContent-Length: 5\r\n\r\n{")
        await line.rest()

    written = capsys.readouterr().err.splitlines()
    tally = wiring.caches.tally
    counts = [tally.counts[place] for place in range(len(tally.counts))]
    assert [worded(line) for line in written] == [("POST", "/predict", "408")]
    assert sum(counts[REJECTED : REJECTED + MAX_REASONS]) == 1
    assert sum(counts[REQUESTS : REQUESTS + MAX_ROUTES * MAX_STATUSES]) == 1


def test_a_mapped_address_is_shown_as_it_is_written() -> None:
    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    for client in ("::ffff:10.0.0.1", "2001:db8::1", "unix"):
        log.add(AccessLine(0.5, "GET", b"/", 200, 1, 2, (client, 1), b"mine", None, None))
    log.close()

    assert [line.split("client=")[1].split()[0] for line in written[0].splitlines()] == [
        "10.0.0.1",
        "2001:db8::1",
        "unix",
    ]


def test_in_json_what_was_not_read_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "lines_are_json", lambda: True)
    written: list[str] = []
    log = AccessLog(Tally(), written.append)
    log.add(AccessLine(0.5, "", b"", 400, None, 2, None, b"mine", None, None))
    log.close()

    line = json.loads(written[0])
    assert (line["method"], line["path"], line["status"], "duration_ms" in line) == (None, None, 400, False)
