"""What a client may request of the cache by its headers."""

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
from support.in_process_service import JSON, Reply, Service, service, wired_around

QUERY = b"length=1&width=2"
BODY = b'{"length":1,"width":2}'


@pytest.fixture
def fake() -> FakePredictor:
    return FakePredictor()


@pytest.fixture(params=["ordinary", "hot"])
def client(request: pytest.FixtureRequest, fake: FakePredictor) -> Iterator[Service]:
    """The service as it is, and behind the hot path."""
    with service(wired_around(fake)) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def get(client: Service, **headers: str) -> Reply:
    return client.send("GET", query=QUERY, headers={name.replace("_", "-"): value for name, value in headers.items()})


def post(client: Service, cache_control: str) -> Reply:
    return client.send("POST", parts=[BODY], headers={**JSON, "cache-control": cache_control})


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


def test_no_cache_computes_again_and_stores_the_answer(client: Service, fake: FakePredictor) -> None:
    get(client)
    replies = [post(client, "no-cache"), get(client, cache_control="no-cache"), get(client)]

    assert [reply.cache_status for reply in replies[:2]] == ["foreseen; fwd=request; stored"] * 2
    assert replies[2].cache_status == "foreseen; hit; detail=L1"
    assert fake.rows == 3


def test_no_store_computes_and_keeps_nothing(client: Service, fake: FakePredictor) -> None:
    replies = [post(client, "no-store") for _ in range(2)]

    assert [reply.cache_status for reply in replies] == ["foreseen; fwd=request"] * 2
    assert get(client).cache_status == "foreseen; fwd=miss; stored"
    assert fake.rows == 3


def test_only_if_cached_misses_with_504_without_computing(client: Service, fake: FakePredictor) -> None:
    missed = get(client, cache_control="only-if-cached")
    assert (missed.status, missed.headers["content-type"], fake.rows) == (504, "application/problem+json", 0)

    get(client)
    assert post(client, "only-if-cached").cache_status == "foreseen; hit; detail=L1"
    assert fake.rows == 1


def test_an_entry_older_than_max_age_will_not_do(client: Service, fake: FakePredictor) -> None:
    get(client)

    assert post(client, "max-age=60").cache_status == "foreseen; hit; detail=L1"
    assert post(client, "max-age=0").cache_status == "foreseen; fwd=miss; stored"
    assert fake.rows == 2


def test_directives_apply_to_many_instances_alike(client: Service, fake: FakePredictor) -> None:
    get(client)
    body = b'{"instances":[[1,2],[3,4],[1,2]]}'
    headers = {**JSON, "cache-control": "max-age=60"}

    partly = client.send("POST", parts=[body], headers=headers)

    assert partly.cache_status == 'foreseen; fwd=partial; stored; detail="L1=2 model=1"'
    assert partly.json() == {"predictions": [{"prediction": 3.0}, {"prediction": 7.0}, {"prediction": 3.0}]}
    assert client.send("POST", parts=[body], headers={**JSON, "cache-control": "no-cache"}).status == 200
    assert fake.rows == 4


def test_an_answer_to_get_has_its_own_tag(client: Service) -> None:
    tags = [get(client).headers["etag"] for _ in range(2)]
    other = client.send("GET", query=b"length=1&width=3").headers["etag"]

    assert len(set(tags)) == 1
    assert tags[0] != other
    assert tags[0].startswith('"')
    assert "etag" not in client.post({"length": 1, "width": 2}).headers


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
def test_a_matching_tag_needs_neither_tier_nor_model(client: Service, fake: FakePredictor, form: str) -> None:
    tag = get(client).headers["etag"]
    calls = list(fake.calls)
    tally = (client.predict.tally.hits_l1, client.predict.tally.misses)

    reply = get(client, if_none_match=form.format(tag))

    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", tag)
    assert reply.cache_status == "foreseen; hit; detail=etag"
    assert fake.calls == calls
    assert (client.predict.tally.hits_l1, client.predict.tally.misses) == tally


def test_two_cache_control_fields_are_one_list(client: Service, fake: FakePredictor) -> None:
    get(client)

    for fields in (["max-age=60", "no-cache"], ["no-cache", "max-age=60"], ["no-store", "", "no-cache"]):
        replies = [
            client.send("GET", query=QUERY, headers={"cache-control": fields}),
            client.send("POST", parts=[BODY], headers={**JSON, "cache-control": fields}),
        ]
        assert {reply.cache_status.removesuffix("; stored") for reply in replies} == {"foreseen; fwd=request"}
    assert fake.rows == 1 + 3 * 2


def test_two_if_none_match_fields_are_one_list(client: Service) -> None:
    tag = get(client).headers["etag"]

    for fields in (['"another"', tag], [f"W/{tag}", '"another"'], ['"a", "b"', f'"c", {tag}']):
        assert client.send("GET", query=QUERY, headers={"if-none-match": fields}).status == 304
    for fields in (['"another"', '"one more"'], ['"a, *, b"', f'"x, {tag[1:]}']):
        assert client.send("GET", query=QUERY, headers={"if-none-match": fields}).status == 200


def test_another_tag_gets_the_answer(client: Service) -> None:
    assert get(client, if_none_match='"another"').status == 200


def test_an_invalid_query_is_a_422_whatever_the_cache_directive(client: Service) -> None:
    reply = client.send("GET", query=b"length=1", headers={"if-none-match": "*", "cache-control": "only-if-cached"})

    assert reply.status == 422


def test_a_computed_answer_shows_its_model_time(fake: FakePredictor) -> None:
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


def test_without_a_cache_there_is_no_tag(fake: FakePredictor) -> None:
    with service(wired_around(fake, cache="none")) as uncached:
        assert "etag" not in get(uncached).headers
        assert get(uncached, if_none_match="*").status == 200
        assert get(uncached, cache_control="only-if-cached").status == 504
