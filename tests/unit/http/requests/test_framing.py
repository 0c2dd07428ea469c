"""Requests whose end or target two servers may read differently are rejected by a problem document, and no others."""

import json

import pytest

from foreseen.entrypoints.http.responses.connection_rejections import MAX_HEAD, MAX_HEADERS
from support.in_loop_server import GET, Line, in_loop_server
from support.in_process_service import Service

BODY = b'{"instances":[[1,2]]}'
HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)
CHUNKED = b"POST /" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


def with_coding(*codings: bytes, version: bytes = b"1.1") -> bytes:
    fields = b"".join(b"Transfer-Encoding: %s\r\n" % coding for coding in codings)
    return b"POST /" + HOST.replace(b"1.1", version) + fields + b"\r\n" + CHUNKS + b"\r\n"


def with_length(*lengths: bytes) -> bytes:
    fields = b"".join(b"Content-Length: %s\r\n" % length for length in lengths)
    return b"POST /" + HOST + fields + b"\r\n" + BODY


REJECTED = {
    "a sign": with_length(b"+21"),
    "a separator of digits": with_length(b"2_1"),
    "a list of lengths": with_length(b"21, 21"),
    "a list of two lengths": with_length(b"21,5"),
    "a negative length": with_length(b"-1"),
    "a length beyond 64 bits": with_length(b"1180591620717411303424"),
    "no length": with_length(b""),
    "a length in digits of Arabic": with_length("٢١".encode()),
    "a length with a superscript": with_length(b"2\xb9"),
    "two lengths": with_length(b"21", b"21"),
    "another coding": with_coding(b"xchunked"),
    "a coding before chunks": with_coding(b"gzip, chunked"),
    "nothing before chunks": with_coding(b",chunked"),
    "chunks, and not last": with_coding(b"chunked, identity"),
    "chunks twice": with_coding(b"chunked", b"chunked"),
    "chunks with a parameter": with_coding(b"chunked;q=1"),
    "chunks of an older protocol": with_coding(b"chunked", version=b"1.0"),
    "a chunk's size with a sign": CHUNKED + b"+1\r\nx\r\n0\r\n\r\n",
    "a chunk's size with a separator": CHUNKED + b"1_0\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk's size in hexadecimal of C": CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n",
    "a chunk's extension that ends in LF": CHUNKED + b"1;a\nx\r\n0\r\n\r\n",
    "a length after the chunks": CHUNKED + CHUNKS + b"Content-Length: 5\r\n\r\n",
    "a path with a line break": b"GET /livez%0a" + HOST + b"\r\n",
    "a path with a zero byte": b"GET /livez%00.json?a=b" + HOST + b"\r\n",
    "a path of another character set": b"GET /caf\xe9" + HOST + b"\r\n",
    "a fragment": b"GET /livez#x" + HOST + b"\r\n",
    "a fragment after a query": b"GET /predict?a=1#b" + HOST + b"\r\n",
    "a fragment of a URL": b"GET http://localhost/livez#" + HOST + b"\r\n",
    "a URL of another scheme": b"GET ftp://localhost/livez" + HOST + b"\r\n",
    "a URL in brackets that do not close": b"GET http://[::1/ livez" + HOST + b"\r\n",
    "no host in a version that is not spoken": b"GET /livez HTTP/2.0\r\n\r\n",
    "no version at all": b"GET /livez\r\n\r\n",
    "a query of another character set": b"GET /?a=\xe9" + HOST + b"\r\n",
}


async def answered(sent: bytes) -> tuple[int, str, bytes]:
    """Return the status, content type and body of the answer to what is sent on a connection."""
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(sent)
        answer = await line.answer()
        return answer.status, answer.headers.get("content-type", ""), answer.body


@pytest.mark.parametrize("sent", REJECTED.values(), ids=REJECTED.keys())
async def test_ambiguous_framing_is_rejected_by_a_problem_document(sent: bytes) -> None:
    status, content_type, body = await answered(sent)

    assert (status, content_type) == (400, "application/problem+json")
    problem = json.loads(body)
    assert problem["type"] == "urn:foreseen:problem:malformed"
    assert "callback" not in problem["detail"]


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (with_length(b"021"), BODY),
        (with_length(b" 21 "), BODY),
        (with_coding(b"Chunked "), BODY),
        (CHUNKED + b'15;a="b;c"\r\n' + BODY + b"\r\n0\r\nX: y\r\n\r\n", BODY),
        (b"GET http://localhost" + HOST + b"\r\n", b""),
        (b"OPTIONS *" + HOST + b"\r\n", b"*"),
        (b"GET HTTP://localhost?a=%0a" + HOST + b"\r\n", b""),
        (b"GET http://[::1]:80/a" + HOST + b"\r\n", b""),
        (b"GET /?a=%0a" + HOST + b"\r\n", b""),
        (b"GET /" + HOST + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    ],
)
async def test_unusual_but_clear_framing_is_answered(sent: bytes, body: bytes) -> None:
    assert await answered(sent) == (200, "", body)


async def test_the_host_of_a_target_replaces_the_field() -> None:
    seen = (await answered(b"GET http://other/headers" + HOST + b"\r\n"))[2]

    assert seen.count(b"b'other'") == 2
    assert b"localhost" not in seen


@pytest.mark.parametrize("length", [MAX_HEAD, MAX_HEAD + 1, 2 * MAX_HEAD - 1000])
async def test_a_target_that_is_too_long_is_a_large_head(length: int) -> None:
    assert (await answered(b"GET /?a=".ljust(length + 4, b"1") + HOST + b"\r\n"))[0] == 431


@pytest.mark.parametrize(("version", "continues"), [(b"1.0", False), (b"1.1", True)])
async def test_100_continue_is_sent_to_clients_that_know_it(version: bytes, *, continues: bool) -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        head = (
            with_length(b"21")
            .replace(b"1.1", version)
            .replace(b"\r\n\r\n", b"\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n")
        )
        await line.send(head)

        assert (await line.rest()).startswith(b"HTTP/1.1 100") is continues


async def test_fields_after_a_body_are_no_part_of_its_head() -> None:
    async with in_loop_server() as opened:
        line = await opened.open()
        await line.send(
            CHUNKED.replace(b"/ ", b"/headers ", 1) + CHUNKS + b"Authorization: Bearer x\r\nHost: evil\r\n\r\n"
        )
        seen = (await line.answer()).body

    assert b"transfer-encoding" in seen
    assert b"authorization" not in seen
    assert b"evil" not in seen


@pytest.mark.parametrize(
    "around",
    [
        CHUNKS + b"X: " + b"a" * 3 * MAX_HEAD,
        CHUNKS + b"X: y\r\n" * (2 * MAX_HEADERS),
        b"1;" + b"a" * 3 * MAX_HEAD,
    ],
    ids=["a field after it", "fields after it", "an extension of a chunk"],
)
async def test_chunk_extensions_and_trailers_are_bounded(around: bytes) -> None:
    assert (await answered(CHUNKED + around))[0] == 431


async def test_chunks_incomplete_when_answered_end_their_connection() -> None:
    async with in_loop_server() as opened:
        early, whole = await opened.open(), await opened.open()
        await early.send(CHUNKED.replace(b"/ ", b"/kept ", 1) + CHUNKS)
        await sent_in_pieces(whole, CHUNKED + CHUNKS + b"\r\n")

        assert (await early.answer()).headers["connection"] == "close"
        assert "connection" not in (await whole.answer()).headers
        await whole.send(GET)
        assert (await whole.answer()).status == 200


async def sent_in_pieces(line: Line, data: bytes) -> None:
    for start in range(0, len(data), 9):
        await line.send(data[start : start + 9])


def test_blanks_around_a_length_are_no_part_of_it(iris: Service) -> None:
    headers = {"content-type": "application/json", "content-length": "2\t"}

    assert iris.send("POST", parts=[b"{}"], headers=headers).status == 422


@pytest.mark.parametrize("digits", ["0" * 20 + "21", "0" * 5000 + "21", "9" * 5000])
def test_an_impossible_length_is_rejected_by_both_readers(iris: Service, digits: str) -> None:
    headers = {"content-type": "application/json", "content-length": digits}

    reply = iris.send("POST", parts=[b"{}"], headers=headers)

    assert (reply.status, reply.json()["type"]) == (400, "urn:foreseen:problem:malformed")
    assert reply.headers["connection"] == "close"
