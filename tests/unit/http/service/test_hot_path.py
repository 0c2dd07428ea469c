"""The hot path answers as the ordinary route does, byte for byte, or not at all."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from foreseen.domain.errors import InvalidBatchError, PredictionError, Violation
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.service.hot_path import LONGEST_BODY, HotPath
from foreseen.settings import Settings
from foreseen.wiring.service import wire_service
from support.example_counts import examples
from support.fakes import FLOWER, Clock, FakePredictor
from support.in_process_service import Reply, Service, service, wired_around

WIDE = Signature(
    (
        Feature("a b", example=1.0),
        Feature("é", dtype="float32", missing=True),
        Feature("n", dtype="int16"),
        Feature("on", dtype="bool"),
    ),
    kind="regression",
)
TEXT = Signature((Feature("s", dtype="string", missing=True), Feature("t", dtype="string"), Feature("a")), kind="other")
TENSOR = Signature((Feature("t", shape=(2, 2)), Feature("a", missing=True)), kind="regression")
MAX_ROWS = 6


@dataclass
class Both:
    """One service twice: as it is, and behind the hot path; `handed_on` counts what the hot path did not answer."""

    ordinary: Service
    hot: Service
    handed_on: int = 0

    def ask(self, method: str, **sent: Any) -> tuple[Reply, Reply]:
        """Call the ordinary route until it knows the answer, then both."""
        self.ordinary.send(method, **sent)
        return self.ordinary.send(method, **sent), self.hot.send(method, **sent)


@pytest.fixture(scope="module", params=[FLOWER, WIDE, TEXT, TENSOR], ids=["floats", "mixed", "text", "tensor"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    wiring = wired_around(FakePredictor(request.param), max_rows=MAX_ROWS, max_body=5000)
    with service(wiring) as ordinary:
        asked = Both(ordinary, ordinary)

        async def behind(scope: Scope, receive: Receive, send: Send) -> None:
            asked.handed_on += 1
            await ordinary.app(scope, receive, send)

        hot_path = HotPath(behind, ordinary.predict, max_body=5000, max_rows=MAX_ROWS)
        asked.hot = ordinary.behind(hot_path)
        yield asked


def same(ordinary: Reply, hot: Reply) -> None:
    assert (hot.status, hot.body) == (ordinary.status, ordinary.body)
    assert hot.headers == ordinary.headers


NUMBERS = (
    st.integers(-9, 9)
    | st.floats(-9, 9)
    | st.sampled_from(
        [-0.0, 1e300, 3.4028235677973366e38, 1e39, 2**53, 2**53 + 1, -(2**60), 32768, 5e-324, float("nan")]
    )
)
VALUES = NUMBERS | st.none() | st.booleans() | st.text(max_size=3) | st.lists(NUMBERS, max_size=3)
SQUARES = st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=2, max_size=2)


def instances(signature: Signature) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects that mostly fit."""
    of = {
        "bool": st.booleans(),
        "int16": st.integers(-9, 9) | st.sampled_from([32767, 32768]),
        "string": st.text(max_size=3) | st.sampled_from(["x" * 12, "\udc80"]),
    }
    fitting = {f.name: SQUARES if f.shape else of.get(f.dtype, NUMBERS) for f in signature.features}
    odd = {name: fits | VALUES for name, fits in fitting.items()}
    return st.fixed_dictionaries(fitting) | st.fixed_dictionaries({}, optional=odd) | st.dictionaries(st.text(), VALUES)


def documents(signature: Signature) -> st.SearchStrategy[Any]:
    """Draw bodies: one object, many, rows, both mixed, and what is none of these."""
    rows = instances(signature).map(lambda instance: list(instance.values()))
    many = st.lists(instances(signature), max_size=MAX_ROWS + 1) | st.lists(rows, max_size=MAX_ROWS + 1)
    listed = many | st.lists(instances(signature) | rows | VALUES, max_size=3) | VALUES
    return instances(signature) | st.fixed_dictionaries({"instances": listed}, optional={"extra": VALUES}) | VALUES


def spelled(document: Any, draw: Callable[[Any], Any]) -> bytes:
    """Write JSON in one of the ways it may be written, and now and then break it."""
    indent, ascii_only = draw(st.sampled_from([None, 2])), draw(st.booleans())
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    broken = draw(st.sampled_from(["", "", "", "", "cut", "twice", "spaces", "more"]))
    return {
        "": body,
        "cut": body[:-1],
        "twice": body.replace(b"{", b'{"a":1,"instances":[[1,2]],', 1),
        "spaces": b" \n" + body + b"\t ",
        "more": body + b"}",
    }[broken]


@settings(max_examples=examples(30), deadline=None)
@given(st.data())
def test_post_is_answered_as_by_the_ordinary_route(both: Both, data: st.DataObject) -> None:
    signature = both.ordinary.predict.predictor.info.signature
    body = spelled(data.draw(documents(signature)), data.draw)
    parts = data.draw(st.sampled_from([[body], [body], [body], [body[:7], body[7:]], [body, b""]]))
    types = ["application/json"] * 5 + ["application/json; charset=utf-8", "application/vnd.x+json", "text/plain"]
    headers = {"content-type": data.draw(st.sampled_from(types))}
    headers |= data.draw(
        st.sampled_from(
            [{}, {}, {}, {"content-encoding": "gzip"}, {"x-request-id": "7"}, {"cache-control": "max-age=60"}]
        )
    )

    same(*both.ask("POST", parts=parts, headers=headers))


@settings(max_examples=examples(30), deadline=None)
@given(st.data())
def test_get_is_answered_as_by_the_ordinary_route(both: Both, data: st.DataObject) -> None:
    signature = both.ordinary.predict.predictor.info.signature
    if signature.has_tensors:
        assert both.hot.send("GET").status == 405
        return
    texts = NUMBERS.map(str) | st.sampled_from(["true", "0", "", "nan", "inf", "1_0", "1e5", "+1", " 1", "٣"])
    instance = data.draw(st.fixed_dictionaries(dict.fromkeys(signature.names, texts)))
    pairs = data.draw(st.permutations(list(instance.items())))
    query = data.draw(
        st.sampled_from(
            [
                urlencode(pairs),
                urlencode(pairs, quote_via=lambda text, *_: "".join(f"%{byte:02x}" for byte in str(text).encode())),
                "&".join(f"{name}={text}" for name, text in pairs),
                urlencode(pairs[1:]),
                urlencode([*pairs, pairs[0]]),
                urlencode([*pairs, ("x", "1")]),
                urlencode(pairs) + "&",
                urlencode(pairs).replace("=", "==", 1),
                urlencode(pairs).replace("&", ";", 1),
            ]
        )
    )

    same(*both.ask("GET", query=query.encode(errors="replace")))


def valid(signature: Signature) -> dict[str, Any]:
    odd = {"a b": 0.5, "é": None, "n": 3, "on": True} if signature is WIDE else {"s": None} if signature is TEXT else {}
    return {**signature.example_instance(), **odd}


def test_hits_do_not_reach_the_application(both: Both) -> None:
    """Else all of this would hold of nothing."""
    instance = valid(both.ordinary.predict.predictor.info.signature)
    many = [{"instances": [instance] * 3}, {"instances": [list(instance.values())] * 3}]
    bodies = [json.dumps(document).encode() for document in (instance, *many)]
    before, hits = both.handed_on, both.ordinary.predict.tally.hits_l1

    replies = [both.ask("POST", parts=[body]) for body in bodies]

    assert both.handed_on == before
    assert [hot.cache_status for _, hot in replies] == ["foreseen; hit; detail=L1"] * 3
    for ordinary, hot in replies:
        same(ordinary, hot)
    assert both.ordinary.predict.tally.hits_l1 - hits >= 2 * 7
    if instance.keys() == {"length", "width"}:
        same(*both.ask("GET", query=urlencode(instance).encode()))
        assert both.handed_on == before


def test_a_miss_is_computed_without_the_application(both: Both) -> None:
    instance = valid(both.ordinary.predict.predictor.info.signature) | {}
    number = next(name for name in instance if name in ("width", "n", "a"))
    instance[number] = 4321
    before = both.handed_on

    first = both.hot.post(instance)
    second = both.hot.post({"instances": [instance, instance | {number: 4322}]})

    assert (first.status, first.cache_status) == (200, "foreseen; fwd=miss; stored")
    assert (second.status, second.cache_status) == (200, 'foreseen; fwd=partial; stored; detail="L1=1 model=1"')
    assert both.handed_on == before


def test_an_invalid_body_is_handed_on_with_all_of_it(both: Both) -> None:
    before = both.handed_on

    assert both.hot.post({"instances": [{"nothing": 1}]}).status == 422
    assert both.handed_on == before + 1


@pytest.fixture(scope="module", params=["lru", "none"])
def apart(request: pytest.FixtureRequest) -> Iterator[tuple[Service, Service]]:
    """Two services that know nothing of each other, one behind the hot path."""
    with (
        service(wired_around(FakePredictor(WIDE), cache=request.param, max_rows=MAX_ROWS)) as ordinary,
        service(wired_around(FakePredictor(WIDE), cache=request.param, max_rows=MAX_ROWS)) as other,
    ):
        has_cache = request.param != "none"
        path = HotPath(other.app, other.predict, max_body=2**20, max_rows=MAX_ROWS, has_cache=has_cache)
        yield ordinary, other.behind(path)


def without_times(reply: Reply) -> Reply:
    """Leave out what the model took, which differs from call to call."""
    return replace(reply, headers={name: value for name, value in reply.headers.items() if name != "server-timing"})


@settings(max_examples=examples(25), deadline=None)
@given(data=st.data())
def test_a_miss_is_answered_as_by_the_ordinary_route(apart: tuple[Service, Service], data: st.DataObject) -> None:
    """Hit, miss and mixture come in the same order to both, so that each knows what the other knows."""
    body = spelled(data.draw(documents(WIDE)), data.draw)

    same(*(without_times(asked.post(body)) for asked in apart))
    instance = data.draw(instances(WIDE))
    query = urlencode(list(instance.items())).encode(errors="replace")
    same(*(without_times(asked.send("GET", query=query)) for asked in apart))


@pytest.mark.parametrize(
    "error",
    [PredictionError("broken"), InvalidBatchError([Violation("this", "that")]), ZeroDivisionError("a bug")],
    ids=repr,
)
def test_a_failing_model_is_worded_as_by_the_ordinary_route(error: Exception) -> None:
    predictor = FakePredictor()
    with service(wired_around(predictor)) as ordinary:
        hot = ordinary.behind(HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=10))
        predictor.error = error
        for asked in ({"length": 1, "width": 2}, {"instances": [[1, 2], [3, 4]]}):
            replies = [each.post(asked) for each in (ordinary, hot)]
            same(*replies)
            assert replies[0].status >= 400
        predictor.error = None

        assert hot.post({"length": 1, "width": 2}).cache_status == "foreseen; fwd=miss; stored"


def test_the_deadline_of_a_delegated_request_starts_before_its_body(iris: Service) -> None:
    times: list[int] = []

    async def handed_on(scope: Scope, _receive: Receive, _send: Send) -> None:
        times.insert(0, context_of(scope).started_ns)

    async def receive() -> Message:
        times.append(perf_counter_ns())
        return {"type": "http.request", "body": b"{", "more_body": True}

    length = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": length}
    iris.run(HotPath(handed_on, iris.predict, max_body=10, max_rows=1)(scope, receive, _no_send))

    assert len(times) == 2
    assert times == sorted(times)


async def _no_send(_: Message) -> None:
    raise AssertionError


@pytest.mark.parametrize("path", ["/model", "/livez", "/predict/", "/nothing"])
def test_other_paths_are_handed_on(both: Both, path: str) -> None:
    same(both.ordinary.send("GET", path), both.hot.send("GET", path))


@pytest.mark.parametrize("method", ["PUT", "HEAD", "DELETE", "OPTIONS"])
def test_other_methods_are_handed_on(both: Both, method: str) -> None:
    same(both.ordinary.send(method), both.hot.send(method))


def test_a_body_too_long_for_the_hot_path_is_answered() -> None:
    wiring = wired_around(FakePredictor(), max_rows=100_000)
    with service(wiring) as ordinary:
        body = json.dumps({"instances": [[1 / 3, 2 / 3]] * 10_000}).encode()
        assert len(body) > LONGEST_BODY
        hot = ordinary.behind(HotPath(ordinary.app, ordinary.predict, max_body=2**23, max_rows=100_000))
        ordinary.send("POST", parts=[body])

        same(ordinary.send("POST", parts=[body]), hot.send("POST", parts=[body]))


def test_an_entry_past_its_time_is_no_hit() -> None:
    clock = Clock()
    wiring = wire_service(Settings(ttl=10), FakePredictor(), clock=clock)
    with service(wiring) as ordinary:
        hot = ordinary.behind(HotPath(ordinary.app, ordinary.predict, max_body=2**23, max_rows=10))
        statuses = []
        for passes_s in (0, 8, 12):  # the TTL of a key is up to a tenth more or less
            clock.pass_s(passes_s)
            statuses.append(hot.post({"length": 1, "width": 2}).cache_status)

    assert statuses == ["foreseen; fwd=miss; stored", "foreseen; hit; detail=L1", "foreseen; fwd=miss; stored"]
