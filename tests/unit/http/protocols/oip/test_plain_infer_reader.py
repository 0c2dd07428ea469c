"""The hot path answers an inference as the ordinary route does, byte for byte, or leaves it to that."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.entrypoints.http.service.application import create_service
from support.example_counts import examples
from support.fakes import FakePredictor
from support.in_process_service import JSON, Service, service, wired_around, wired_with
from support.models import iris_forest, save

LENGTH = "inference-header-content-length"
MATRIX = {"name": "x", "datatype": "FP64", "shape": [1, 2], "data": [[1.0, 2.0]]}
HERE = {"name": "length", "datatype": "FP64", "shape": [1], "data": [1.0]}
ALSO = {"name": "width", "datatype": "FP64", "shape": [1, 1], "data": [2.0]}


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Service, Service]]:
    """A service with the hot path, and the same one without it."""
    wired = wired_around(FakePredictor(), name="sums")
    with service(wired) as plain:
        yield plain.behind(create_service(wired)), plain


def sent_to(client: Service, body: bytes, fields: dict[str, str]) -> tuple[int, Any, bytes]:
    reply = client.send("POST", "/v2/models/sums/infer", parts=[body], headers=fields)
    return reply.status, list(reply.headers.items()), reply.body


PLAIN = [
    {"inputs": [MATRIX]},
    {"inputs": [MATRIX | {"data": [1, 2]}]},
    {"inputs": [MATRIX | {"datatype": "FP32"}]},
    {"inputs": [MATRIX], "id": "one", "parameters": {"a": 1}, "model_name": "x"},
    {"inputs": [ALSO, HERE]},
    {"inputs": [MATRIX], "outputs": [{"name": "predict"}]},
    {"inputs": [MATRIX], "outputs": [{"name": "output-0", "parameters": {"binary_data": True}}]},
    {"inputs": [MATRIX], "parameters": {"binary_data_output": True}},
    {
        "inputs": [MATRIX],
        "parameters": {"binary_data_output": True},
        "outputs": [{"name": "predict", "parameters": {}}],
    },
]


@pytest.mark.parametrize("body", PLAIN)
def test_a_hit_has_the_same_bytes_on_both_ways(both: tuple[Service, Service], body: Any) -> None:
    hot, ordinary = both
    sent = json.dumps(body).encode()
    sent_to(ordinary, sent, JSON)

    expected = sent_to(ordinary, sent, JSON)
    tally = ordinary.predict.tally
    before = tally.hits_l1
    assert sent_to(hot, sent, JSON) == expected
    assert expected[0] == 200
    assert tally.hits_l1 == before + 1
    assert sent_to(hot, sent, {}) == expected
    assert sent_to(hot, sent, {"content-type": "application/octet-stream"}) == expected


@pytest.mark.parametrize(("datatype", "letter"), [("FP64", "d"), ("FP32", "f")])
def test_binary_hits_have_the_same_bytes(both: tuple[Service, Service], datatype: str, letter: str) -> None:
    hot, ordinary = both
    blob = struct.pack(f"<2{letter}", 1, 2)
    tensor = {"name": "x", "datatype": datatype, "shape": [1, 2], "parameters": {"binary_data_size": len(blob)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    fields = {LENGTH: str(len(head))}
    for sent in (head + blob, head + blob + b"1", head + blob[:-1], head):
        sent_to(ordinary, sent, fields)
        assert sent_to(hot, sent, fields) == sent_to(ordinary, sent, fields)


NUMBERS: list[Any] = [None, 1, 1.0, 2, 0, -1, True, [1], [1, 2], [[1, 2]], [1.0, 2.0], [1, 2.0], [None, 1]]
EXTREMES: list[Any] = [[2**53, 1], [1e300, 1], [3.4e38, 1], [1e39, 1], ["1", 2], [], {}]
PARAMETERS: list[Any] = [{"binary_data": True}, {"binary_data_size": 8}, {"binary_data_output": 1}]
WORDS: list[Any] = ["1", "FP64", "FP32", "INT64", "é", "", "length"]
OUTPUTS: list[Any] = [[{"name": "predict"}], [{"name": "output-0"}] * 2, [{"name": "é"}]]
ODD = st.sampled_from([*NUMBERS, *EXTREMES, *PARAMETERS, *WORDS, *OUTPUTS])
MEMBERS = st.sampled_from(["id", "inputs", "outputs", "parameters", "name", "datatype", "shape", "data", "other"])


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(PLAIN), st.lists(st.tuples(st.booleans(), MEMBERS, ODD), max_size=2))
def test_whatever_is_changed_both_ways_answer_alike(
    both: tuple[Service, Service], body: Any, changes: list[tuple[bool, str, Any]]
) -> None:
    hot, ordinary = both
    changed = json.loads(json.dumps(body))
    for is_inner, member, value in changes:
        inner = changed.get("inputs")
        target = inner[0] if is_inner and isinstance(inner, list) and inner and isinstance(inner[0], dict) else changed
        target[member] = value
    sent = json.dumps(changed).encode()
    sent_to(ordinary, sent, JSON)

    assert sent_to(hot, sent, JSON) == sent_to(ordinary, sent, JSON)


MATRIX_IN_JSON = b'{"name":"x","datatype":"FP64","shape":[1,2],"data":[1.0,2.0]}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[%b,1]}]}' % (b"9" * 400),
        b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1,2],"data":[%b,1]}]}' % (b"9" * 400),
        b'{"x":%b1%b,"inputs":[]}' % (b"[" * 60_000, b"]" * 60_000),
        b'{"x":%b1%b,"inputs":[%b]}' % (b"[" * 300, b"]" * 300, MATRIX_IN_JSON),
        b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1,2],"data":%b1%b}]}' % (b"[" * 60_000, b"]" * 60_000),
        b'{"x":[%b0],"inputs":[%b]}' % (b"0," * 100_000, MATRIX_IN_JSON),
        b'{"x":"\xff","inputs":[%b]}' % MATRIX_IN_JSON,
        b'{"\xff":1,"inputs":[%b]}' % MATRIX_IN_JSON,
        b'{"model_name":"\xff","inputs":[%b]}' % MATRIX_IN_JSON,
        b'{"parameters":{"a":"\xff"},"inputs":[%b]}' % MATRIX_IN_JSON,
        b'{"model_name":1,"inputs":[%b]}' % MATRIX_IN_JSON,
        b'{"inputs":[%b]}' % MATRIX_IN_JSON.replace(b"}", b',"parameters":{"binary_data_size":null}}'),
        b'{"inputs":[%b]}' % MATRIX_IN_JSON.replace(b"}", b',"parameters":{"content_type":"np"}}'),
        b'{"inputs":[%b],"inputs":[]}' % MATRIX_IN_JSON,
        b'{"inputs":[%b]} x' % MATRIX_IN_JSON,
        b'\xef\xbb\xbf{"inputs":[%b]}' % MATRIX_IN_JSON,
    ],
    ids=range(16),
)
def test_bytes_that_no_json_writer_makes_are_answered_alike(both: tuple[Service, Service], body: bytes) -> None:
    hot, ordinary = both
    sent_to(ordinary, json.dumps({"inputs": [MATRIX]}).encode(), JSON)

    expected = sent_to(ordinary, body, JSON)
    assert expected[0] < 500
    assert sent_to(hot, body, JSON) == expected


def test_labels_and_probabilities_have_the_same_bytes(tmp_path: Path) -> None:
    wired = wired_with(save(iris_forest(), tmp_path), name="sums", outputs="predict,predict_proba")
    body = json.dumps({"inputs": [MATRIX | {"shape": [1, 4], "data": [5.1, 3.5, 1.4, 0.2]}]}).encode()
    with service(wired) as plain:
        hot = plain.behind(create_service(wired))
        sent_to(plain, body, JSON)
        assert sent_to(hot, body, JSON) == sent_to(plain, body, JSON)
