"""What a client may ask of the cache by its headers."""

from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers

from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.http.requests.cache_headers import directives
from foreseen.entrypoints.http.service.hot_path import HotPath
from foreseen.settings import Settings
from foreseen.wiring.service import wire_service
from support.fakes import Clock, FakePredictor
from support.service import JSON, Reply, Service, service, wired_around

QUERY = b"length=1&width=2"
BODY = b'{"length":1,"width":2}'


@pytest.fixture
def fake() -> FakePredictor:
    return FakePredictor()


@pytest.fixture(params=["ordinary", "hot"])
def asked(request: pytest.FixtureRequest, fake: FakePredictor) -> Iterator[Service]:
    """The service as it is, and behind the hot path."""
    with service(wired_around(fake)) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def get(asked: Service, **headers: str) -> Reply:
    return asked.send("GET", query=QUERY, headers={name.replace("_", "-"): value for name, value in headers.items()})


def post(asked: Service, cache_control: str) -> Reply:
    return asked.send("POST", parts=[BODY], headers={**JSON, "cache-control": cache_control})


READ = [
    ("", NO_DIRECTIVES),
    ("no-transform, x=1", NO_DIRECTIVES),
    ("no-cache", Directives(no_cache=True)),
    ("No-Store , max-age=0", Directives(no_store=True, max_age_s=0)),
    ("only-if-cached,max-age=60,max-age=5", Directives(only_if_cached=True, max_age_s=5)),
    ('max-age="7"', Directives(max_age_s=7)),
    ("max-age=-1, max-age=x, max-age", NO_DIRECTIVES),
    ('x="a, no-cache", no-store', Directives(no_store=True)),
    ('x="a, no-cache', NO_DIRECTIVES),
]


@pytest.mark.parametrize(("text", "read"), READ)
def test_cache_control_is_read_and_what_is_unknown_passed_over(text: str, read: Directives) -> None:
    assert directives(Headers({"cache-control": text})) == read


def test_no_cache_computes_anew_and_stores_it(asked: Service, fake: FakePredictor) -> None:
    get(asked)
    replies = [post(asked, "no-cache"), get(asked, cache_control="no-cache"), get(asked)]

    assert [reply.cache_status for reply in replies[:2]] == ["foreseen; fwd=request; stored"] * 2
    assert replies[2].cache_status == "foreseen; hit; detail=L1"
    assert fake.rows == 3


def test_no_store_computes_and_keeps_nothing(asked: Service, fake: FakePredictor) -> None:
    replies = [post(asked, "no-store") for _ in range(2)]

    assert [reply.cache_status for reply in replies] == ["foreseen; fwd=request"] * 2
    assert get(asked).cache_status == "foreseen; fwd=miss; stored"
    assert fake.rows == 3


def test_only_if_cached_is_a_504_on_a_miss_and_costs_no_row(asked: Service, fake: FakePredictor) -> None:
    missed = get(asked, cache_control="only-if-cached")
    assert (missed.status, missed.headers["content-type"], fake.rows) == (504, "application/problem+json", 0)

    get(asked)
    assert post(asked, "only-if-cached").cache_status == "foreseen; hit; detail=L1"
    assert fake.rows == 1


def test_an_entry_older_than_max_age_will_not_do(asked: Service, fake: FakePredictor) -> None:
    get(asked)

    assert post(asked, "max-age=60").cache_status == "foreseen; hit; detail=L1"
    assert post(asked, "max-age=0").cache_status == "foreseen; fwd=miss; stored"
    assert fake.rows == 2


def test_many_instances_are_held_to_the_same(asked: Service, fake: FakePredictor) -> None:
    get(asked)
    body = b'{"instances":[[1,2],[3,4],[1,2]]}'
    headers = {**JSON, "cache-control": "max-age=60"}

    partly = asked.send("POST", parts=[body], headers=headers)

    assert partly.cache_status == 'foreseen; fwd=partial; stored; detail="L1=2 model=1"'
    assert partly.json() == {"predictions": [{"prediction": 3.0}, {"prediction": 7.0}, {"prediction": 3.0}]}
    assert asked.send("POST", parts=[body], headers={**JSON, "cache-control": "no-cache"}).status == 200
    assert fake.rows == 4


def test_an_answer_to_get_has_a_tag_that_is_its_own(asked: Service) -> None:
    tags = [get(asked).headers["etag"] for _ in range(2)]
    other = asked.send("GET", query=b"length=1&width=3").headers["etag"]

    assert len(set(tags)) == 1
    assert tags[0] != other
    assert tags[0].startswith('"')
    assert "etag" not in asked.post({"length": 1, "width": 2}).headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_who_has_the_answer_gets_a_304_from_neither_tier_nor_model(
    asked: Service, fake: FakePredictor, form: str
) -> None:
    tag = get(asked).headers["etag"]
    calls = list(fake.calls)
    tally = (asked.predict.tally.hits_l1, asked.predict.tally.misses)

    reply = get(asked, if_none_match=form.format(tag))

    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", tag)
    assert reply.cache_status == "foreseen; hit; detail=etag"
    assert fake.calls == calls
    assert (asked.predict.tally.hits_l1, asked.predict.tally.misses) == tally


def test_two_cache_control_fields_are_one_list(asked: Service, fake: FakePredictor) -> None:
    get(asked)

    for fields in (["max-age=60", "no-cache"], ["no-cache", "max-age=60"], ["no-store", "", "no-cache"]):
        replies = [
            asked.send("GET", query=QUERY, headers={"cache-control": fields}),
            asked.send("POST", parts=[BODY], headers={**JSON, "cache-control": fields}),
        ]
        assert {reply.cache_status.removesuffix("; stored") for reply in replies} == {"foreseen; fwd=request"}
    assert fake.rows == 1 + 3 * 2


def test_two_if_none_match_fields_are_one_list(asked: Service) -> None:
    tag = get(asked).headers["etag"]

    for fields in (['"another"', tag], [f"W/{tag}", '"another"'], ['"a", "b"', f'"c", {tag}']):
        assert asked.send("GET", query=QUERY, headers={"if-none-match": fields}).status == 304
    for fields in (['"another"', '"one more"'], ['"a, *, b"', f'"x, {tag[1:]}']):
        assert asked.send("GET", query=QUERY, headers={"if-none-match": fields}).status == 200


def test_another_tag_gets_the_answer(asked: Service) -> None:
    assert get(asked, if_none_match='"another"').status == 200


def test_an_invalid_query_is_a_422_whatever_is_asked_of_the_cache(asked: Service) -> None:
    reply = asked.send("GET", query=b"length=1", headers={"if-none-match": "*", "cache-control": "only-if-cached"})

    assert reply.status == 422


def test_what_the_model_computed_tells_how_long_it_took(fake: FakePredictor) -> None:
    quick, stopwatch = fake.predict, Clock(0.0)

    def slow(batch: Batch) -> Predictions:
        stopwatch.pass_s(0.5)
        return quick(batch)

    fake.predict = slow  # type: ignore[method-assign]
    wiring = wire_service(Settings(), fake, stopwatch=stopwatch)
    with service(wiring) as slowly:
        missed = slowly.send("POST", parts=[b'{"instances":[[1,2],[3,4],[1,2]]}'])
        known = slowly.send("POST", parts=[b'{"instances":[[1,2],[3,4],[1,2]]}'])

    assert missed.headers["server-timing"] == "model;dur=500"
    assert "server-timing" not in known.headers


def test_without_a_cache_there_is_no_tag_since_the_model_may_not_repeat_itself(fake: FakePredictor) -> None:
    with service(wired_around(fake, cache="none")) as uncached:
        assert "etag" not in get(uncached).headers
        assert get(uncached, if_none_match="*").status == 200
        assert get(uncached, cache_control="only-if-cached").status == 504
