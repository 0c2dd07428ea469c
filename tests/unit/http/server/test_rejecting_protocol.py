"""What is no request is rejected after the answers that are owed, and as its method is answered."""

import pytest

from support.in_loop_server import GET, in_loop_server

FIELDS = b" HTTP/1.1\r\nHost: localhost\r\n"
HEAD = b"HEAD /" + FIELDS + b"\r\n"
CHUNKED = b"POST /" + FIELDS + b"Transfer-Encoding: chunked\r\n\r\n"
NO_CHUNK = CHUNKED + b"+1\r\nx\r\n0\r\n\r\n"
TOO_LONG = b"HEAD /" + FIELDS + b"x: y\r\n" * 200


@pytest.mark.parametrize("before", [b"", GET, GET * 2, NO_CHUNK.replace(b"+1", b"1")], ids=["0", "1", "2", "a body"])
async def test_pending_answers_come_before_the_rejection_of_the_last_request(before: bytes) -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(before + NO_CHUNK + GET)
        received = await line.rest()

    answers = before.count(b"HTTP/1.1")
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200"] * answers + [b"400"]
    assert received.count(b"connection: close") == 1
    assert received.endswith(b"}")


async def test_pending_answers_come_before_a_rejected_non_request() -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(GET * 3 + b"nonsense\r\n\r\n" + GET)

        assert (await line.rest()).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"HEAD / HTTP/1.1\r\n\r\n", 400),
        (b"HEAD /%0a" + FIELDS + b"\r\n", 400),
        (b"HEAD /" + FIELDS + b"Content-Length: +1\r\n\r\n", 400),
        (TOO_LONG, 431),
    ],
    ids=["no host", "a path", "a length", "fields"],
)
async def test_a_rejected_head_request_has_a_length_and_no_body(sent: bytes, status: int) -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(sent)
        received = await line.rest()

    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-length: 0" not in received
    assert received.endswith(b"\r\n\r\n")


async def test_garbage_after_a_head_request_is_rejected_with_a_document() -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(HEAD)
        await line.answers_begin()
        await line.send(b"nonsense\r\n\r\n")

        assert (await line.rest()).endswith(b"}")
