"""KnownHeads: how a head becomes known, what may vary in it, and how many are kept."""

import re
import tracemalloc
from collections.abc import Sequence
from typing import Final

import pytest

from foreseen.domain.identity.key import Key
from foreseen.entrypoints.http.requests.known_heads import LONGEST_HEAD, Hit, KnownHeads, Sender

FIELDS: Final = [(b"date", b"Sun, 29 Nov 2026 22:13:52 GMT")]
BODY: Final = b'{"a":1}'
OF_ALL_TESTS: Final = Sender()
_MADE: Final = re.compile(rb"(?<=x-request-id: )[0-9a-f]{32}")


class EveryHit:
    """Has an answer to everything; counts how often it was counted."""

    longest_body = 1000

    def __init__(self) -> None:
        self.counted = 0
        self.read = 0
        self.is_empty = False

    def is_plain(self, method: str, fields: Sequence[tuple[bytes, bytes]]) -> bool:
        """Return whether no field is odd."""
        return all(name != b"odd" for name, _ in fields)

    def of_body(self, body: bytes) -> Hit | None:
        """Return an answer that names the body."""
        self.read += 1
        return None if b"unknown" in body else Hit(b'{"of":%d}' % len(body), 1, 10, None, Key(body))

    def of_query(self, query: bytes) -> Hit | None:
        """Return an answer with a tag."""
        return Hit(b"{}", 1, 10, b'"%b"' % query, Key(query))

    def of_key(self, key: Key, *, has_tag: bool) -> Hit | None:
        """Return the answer to the body or the query that the key is here."""
        if self.is_empty:
            return None
        return self.of_query(key) if has_tag else Hit(b'{"of":%d}' % len(key), 1, 10, None, key)

    def count(self, instances: int, cost_us: int, duration_ns: int, /) -> None:
        """Count."""
        self.counted += 1


def post(fields: bytes = b"", body: bytes = BODY) -> bytes:
    return b"POST /predict HTTP/1.1\r\nHost: h\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)


def answer(body: bytes, request_id: bytes = b"0" * 32, tag: bytes = b"") -> bytes:
    """Return what the ordinary way would send."""
    return (
        b"HTTP/1.1 200 OK\r\ndate: Sun, 29 Nov 2026 22:13:52 GMT\r\ncache-status: foreseen; hit; detail=L1\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n%bx-request-id: %b\r\n\r\n%b"
        % (len(body), tag, request_id, body)
    )


@pytest.fixture
def heads() -> KnownHeads:
    return KnownHeads(EveryHit(), most=4)


def learn(heads: KnownHeads, data: bytes, sent: bytes) -> None:
    heads.learn(data, scope_of(data), sent, FIELDS)


def reply(heads: KnownHeads, data: bytes, fields: Sequence[tuple[bytes, bytes]] = FIELDS) -> bytes | None:
    """Return the reply, which is the same whatever the sender's last head was."""
    new = Sender()
    replies = [heads.reply(data, fields, sender) for sender in (OF_ALL_TESTS, new, new)]
    assert len({None if reply is None else _MADE.sub(b"", reply) for reply in replies}) == 1
    return replies[0]


def scope_of(data: bytes) -> dict[str, object]:
    """Return what a parser reads of a head."""
    line, *fields = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    named = [field.partition(b":") for field in fields]
    return {
        "raw_path": line.split(b" ")[1].partition(b"?")[0],
        "headers": [(name.lower(), value.strip(b" \t")) for name, _, value in named],
    }


def test_a_head_is_known_after_an_ordinary_answer(heads: KnownHeads) -> None:
    assert reply(heads, post()) is None
    learn(heads, post(), answer(b'{"of":7}'))

    assert (reply(heads, post()) or b"").endswith(b'\r\n\r\n{"of":7}')


@pytest.mark.parametrize(
    "sent",
    [
        answer(b'{"of":8}'),
        answer(b'{"of":7}').replace(b"hit; detail=L1", b"fwd=miss"),
        answer(b'{"of":7}').replace(b"\r\n\r\n", b"\r\nvary: Origin\r\n\r\n"),
        answer(b'{"of":7}') * 2,
        b"",
    ],
    ids=["another body", "a miss", "another field", "two answers", "nothing"],
)
def test_a_head_answered_by_other_bytes_is_not_learned(heads: KnownHeads, sent: bytes) -> None:
    learn(heads, post(), sent)

    assert len(heads) == 0


def test_a_head_that_is_not_plain_is_not_learned(heads: KnownHeads) -> None:
    learn(heads, post(b"odd: 1\r\n"), answer(b'{"of":7}'))

    assert len(heads) == 0


@pytest.mark.parametrize(
    "field", [b"X-Request-Id:  id", b"X-Request-Id:\tid", b"X-Request-Id: a\r\nX-Request-Id:  b", b"traceparent:  00"]
)
def test_a_head_that_the_parser_reads_otherwise_is_unknown(heads: KnownHeads, field: bytes) -> None:
    learn(heads, post(field + b"\r\n"), answer(b'{"of":7}'))

    assert len(heads) == 0


@pytest.mark.parametrize("length", [b"Content-Length: 0", b"Content-Length:  5", b"Content-Length:\t5"])
def test_the_head_of_a_get_with_body_is_unknown(heads: KnownHeads, length: bytes) -> None:
    learn(heads, b"GET /predict?a HTTP/1.1\r\n%b\r\n\r\n" % length, answer(b"{}", tag=b'etag: "a"\r\n'))

    assert len(heads) == 0


def test_a_head_with_an_odd_path_is_unknown(heads: KnownHeads) -> None:
    absolute = post().replace(b" /predict", b" http://h/predict")
    heads.learn(absolute, scope_of(absolute) | {"raw_path": b"/predict"}, answer(b'{"of":7}'), FIELDS)

    assert len(heads) == 0


@pytest.mark.parametrize("before", [post(body=b"unknown"), post() + b"more"], ids=["odd body", "bytes after the body"])
def test_a_head_is_learned_after_an_odd_request(heads: KnownHeads, before: bytes) -> None:
    learn(heads, before, answer(b'{"of":7}'))
    assert len(heads) == 0
    learn(heads, post(), answer(b'{"of":7}'))

    assert len(heads) == 1


def test_the_length_of_a_known_head_may_vary(heads: KnownHeads) -> None:
    learn(heads, post(), answer(b'{"of":7}'))

    for body in (b"{}", b"x" * 100, BODY, b"{}"):
        assert (reply(heads, post(body=body)) or b"").endswith(b'{"of":%d}' % len(body))
    assert len(heads) == 1


@pytest.mark.parametrize("length", [b"6", b"8", b"+7", b"0x7", b"7 ", b"", b"7,7", b"0" * 30 + b"7", b"\xb2"])
def test_a_wrong_length_is_left_to_the_parser(heads: KnownHeads, length: bytes) -> None:
    learn(heads, post(), answer(b'{"of":7}'))

    assert reply(heads, post().replace(b"Length: 7", b"Length: " + length)) is None


@pytest.mark.parametrize(
    ("length", "wanted"),
    [(b"7", b""), (b"1000", b""), (b"1001", None), (b"+7", None), (b"0" * 30 + b"7", None), (b"x", None)],
)
def test_the_body_of_a_known_head_is_awaited(heads: KnownHeads, length: bytes, wanted: bytes | None) -> None:
    learn(heads, post(), answer(b'{"of":7}'))

    assert reply(heads, post(body=b"").replace(b"Length: 0", b"Length: " + length)) == wanted
    assert reply(heads, post().replace(b"Length: 7", b"Length: 8")) is None


def test_ids_and_traces_of_a_known_head_may_vary(heads: KnownHeads) -> None:
    def named(number: int) -> bytes:
        return post(b"X-Request-Id: id-%d\r\ntraceparent: 00-%032x-%016x-01\r\n" % (number, number, number))

    learn(heads, named(1), answer(b'{"of":7}', b"id-1"))

    assert reply(heads, named(2)) == answer(b'{"of":7}', b"id-2")


@pytest.mark.parametrize(
    "value", [b"", b" a", b"a\tb", b"a\nb", b"a\r\n b", b"a\r\nodd: 1", b"a\0b", b"\xe9", b"a" * 513],
    ids=["empty", "space first", "tab", "LF", "fold", "field", "NUL", "Latin-1", "long"],
)  # fmt: skip
def test_an_ambiguous_value_is_left_to_the_parser(heads: KnownHeads, value: bytes) -> None:
    learn(heads, post(b"tracestate: a=1\r\n"), answer(b'{"of":7}'))

    assert reply(heads, post(b"tracestate: a=2,b=3 4\r\n")) is not None
    assert reply(heads, post(b"tracestate: " + value + b"\r\n")) is None


def test_a_form_written_out_is_no_known_head(heads: KnownHeads) -> None:
    learn(heads, post(b"tracestate: a=1\r\n"), answer(b'{"of":7}'))
    written_out = b"POST /predict HTTP/1.1\r\nHost: h\0tracestate\0\0Content-Length\0\r\n\r\n"

    assert reply(heads, written_out + BODY) is None


def test_the_query_of_a_known_head_may_vary(heads: KnownHeads) -> None:
    def get(query: bytes) -> bytes:
        return b"GET /predict?%b HTTP/1.1\r\nHost: h\r\n\r\n" % query

    learn(heads, get(b"a=1"), answer(b"{}", tag=b'etag: "a=1"\r\n'))

    assert b'\r\netag: "a=2.5&b=x"\r\n' in (reply(heads, get(b"a=2.5&b=x")) or b"")
    for query in (b"a=%31", b"a=1#", b"a=1 ", b"a=1\r\nodd: 1", b"a=\xff"):
        assert reply(heads, get(query)) is None
    assert reply(heads, get(b"a=1") + b"body") is None


def test_the_heads_used_least_recently_are_forgotten(heads: KnownHeads) -> None:
    for number in range(4):
        learn(heads, post(b"n: %d\r\n" % number), answer(b'{"of":7}'))
    reply(heads, post(b"n: 0\r\n"))
    learn(heads, post(b"n: 4\r\n"), answer(b'{"of":7}'))

    known = [number for number in range(5) if reply(heads, post(b"n: %d\r\n" % number))]
    assert known == [0, 2, 3, 4]
    assert len(heads) == 4


def test_a_head_kept_verbatim_stays_known_while_it_is_used(heads: KnownHeads) -> None:
    learn(heads, post(), answer(b'{"of":7}'))
    for number in range(8):
        assert reply(heads, post()) is not None
        learn(heads, post(b"n: %d\r\n" % number), answer(b'{"of":7}'))

    assert reply(heads, post()) is not None


def test_a_head_of_repeated_requests_alone_is_used(heads: KnownHeads) -> None:
    learn(heads, post(), answer(b'{"of":7}'))
    client = Sender()
    for number in range(8):
        assert heads.reply(post(), FIELDS, client) is not None
        learn(heads, post(b"n: %d\r\n" % number), answer(b'{"of":7}'))

    assert heads.reply(post(body=b'{"a":22}'), FIELDS, Sender()) is not None


def test_a_long_head_is_left_to_the_parser(heads: KnownHeads) -> None:
    long = post(b"n: %b\r\n" % (b"x" * LONGEST_HEAD))
    learn(heads, long, answer(b'{"of":7}'))

    assert len(heads) == 0
    assert reply(heads, long) is None


@pytest.mark.parametrize("field", [b"", b"odd: 1\r\n"], ids=["known", "never known"])
def test_heads_of_a_hostile_client_take_a_few_mebibytes(field: bytes) -> None:
    heads = KnownHeads(EveryHit())
    filled = b"x" * (LONGEST_HEAD - 200)
    tracemalloc.start()
    try:
        for number in range(1500):
            request = post(b"%bn: %b\r\nn%d: 0\r\nb3: 1\r\n" % (field, filled, number))
            learn(heads, request, answer(b'{"of":7}'))
            heads.reply(request, FIELDS, Sender())
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held_bytes < 4 * 2**20


def test_the_date_is_that_of_the_server(heads: KnownHeads) -> None:
    learn(heads, post(), answer(b'{"of":7}'))
    later = [(b"date", b"Sun, 29 Nov 2026 22:13:53 GMT")]

    assert b"22:13:53 GMT" in (reply(heads, post(), later) or b"")


def test_only_what_is_answered_is_counted() -> None:
    hits = EveryHit()
    heads = KnownHeads(hits)
    learn(heads, post(), answer(b'{"of":7}'))
    heads.reply(post(body=b"unknown"), FIELDS, Sender())
    assert hits.counted == 0

    heads.reply(post(), FIELDS, Sender())
    assert hits.counted == 1


@pytest.mark.parametrize("fields", [b"", b"X-Request-Id: a\r\n"], ids=["the same request", "the same body"])
def test_what_comes_again_is_read_once(fields: bytes) -> None:
    hits = EveryHit()
    heads = KnownHeads(hits)
    learn(heads, post(fields), answer(b'{"of":7}', b"a" if fields else b"0" * 32))
    read = hits.read
    for _ in range(5):
        heads.reply(post(fields), FIELDS, Sender())

    assert hits.read <= read + 1


def test_what_comes_again_is_answered_only_while_it_is_cached() -> None:
    hits = EveryHit()
    heads = KnownHeads(hits)
    learn(heads, post(), answer(b'{"of":7}'))
    assert heads.reply(post(), FIELDS, Sender())
    hits.is_empty = True

    assert heads.reply(post(), FIELDS, Sender()) is None


def test_the_bytes_of_a_query_are_no_body() -> None:
    heads = KnownHeads(EveryHit())
    with_id = b"X-Request-Id: a\r\n"
    get = b"GET /predict?unknown=1 HTTP/1.1\r\nHost: h\r\n%b\r\n" % with_id
    learn(heads, get, answer(b"{}", b"a", tag=b'etag: "unknown=1"\r\n'))
    learn(heads, post(with_id), answer(b'{"of":7}', b"a"))
    assert heads.reply(get, FIELDS, Sender())

    assert heads.reply(post(with_id, b"unknown=1"), FIELDS, Sender()) is None
