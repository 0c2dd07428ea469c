"""Whatever is sent gets an answer or a problem document, never an internal error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples
from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around

SIGNATURE = Signature(
    (
        Feature("a"),
        Feature("b", dtype="float32", missing=True),
        Feature("n", dtype="int16"),
        Feature("t", shape=(2,)),
    ),
    kind="regression",
)
FLAT = Signature((Feature("a"), Feature("b", dtype="float32", missing=True), Feature("n", dtype="int64")))

NAMES = st.sampled_from(["a", "b", "n", "t", "instances", "A", "", "aa", "\ud800"])
NUMBERS = st.integers() | st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([1e308, 2**53 + 1, -0.0])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
NEARLY = st.fixed_dictionaries({"a": VALUES, "b": VALUES, "n": VALUES, "t": VALUES | st.lists(NUMBERS, max_size=3)})
INSTANCES = st.fixed_dictionaries({"instances": VALUES | st.lists(NEARLY | st.lists(VALUES, max_size=4), max_size=3)})
DOCUMENTS = VALUES | NEARLY | INSTANCES
STATUSES = {200, 400, 413, 415, 422}


@pytest.fixture(scope="module")
def tensors() -> Iterator[Service]:
    with service(wired_around(FakePredictor(SIGNATURE), max_rows=5, max_body=10_000)) as client:
        yield client


@pytest.fixture(scope="module")
def flat() -> Iterator[Service]:
    with service(wired_around(FakePredictor(FLAT))) as client:
        yield client


def check(reply: Reply) -> None:
    assert reply.status in STATUSES, reply.body
    document: Any = json.loads(reply.body)
    if reply.status == 200:
        assert reply.headers["content-type"] == "application/json"
        assert set(document) in ({"prediction"}, {"predictions"})
        return
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.cache_status == "foreseen; fwd=bypass"
    assert document["status"] == reply.status
    assert document["type"].startswith("urn:foreseen:problem:")
    assert all(isinstance(document[name], str) and document[name] for name in ("title", "detail"))
    for error in document.get("errors", []):
        assert set(error) - {"hint"} == {"place", "expected", "got"}


@settings(max_examples=examples(50), deadline=None)
@given(DOCUMENTS, st.booleans())
def test_any_document(tensors: Service, document: object, ascii_only: bool) -> None:
    check(tensors.post(json.dumps(document, ensure_ascii=ascii_only).encode(errors="surrogatepass")))


@settings(max_examples=examples(50), deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes(tensors: Service, body: bytes) -> None:
    check(tensors.post(body))


@settings(max_examples=examples(50), deadline=None)
@given(DOCUMENTS, st.data())
def test_a_document_with_bytes_changed(tensors: Service, document: object, data: st.DataObject) -> None:
    body = bytearray(json.dumps(document).encode())
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=3)):
        body[at] = data.draw(st.integers(0, 255))

    check(tensors.post(bytes(body)))


@settings(max_examples=examples(25), deadline=None)
@given(st.text(st.characters(max_codepoint=255), max_size=40), st.text(st.characters(max_codepoint=255), max_size=10))
def test_any_media_type_and_encoding(tensors: Service, media_type: str, encoding: str) -> None:
    for given_type in (media_type, f"application/json; {media_type}", f"application/json; charset={media_type}"):
        headers = {"content-type": given_type, "content-encoding": encoding}
        check(tensors.send("POST", parts=[b'{"a":1,"b":1,"n":1,"t":[1,2]}'], headers=headers))


@settings(max_examples=examples(37), deadline=None)
@given(st.binary(max_size=60))
def test_any_query_string(flat: Service, query: bytes) -> None:
    check(flat.send("GET", query=query))


QUOTED = st.text("0123456789.eE+-naif%&;= \u0660\x00", max_size=8)


@settings(max_examples=examples(37), deadline=None)
@given(QUOTED, QUOTED, QUOTED)
def test_any_values_of_the_right_parameters(flat: Service, a: str, b: str, n: str) -> None:
    check(flat.get(a=a, b=b, n=n))
    check(flat.send("GET", query=f"a={a}&b={b}&n={n}".encode(), headers=JSON))
