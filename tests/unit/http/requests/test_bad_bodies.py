"""Bodies that hold no instances: no JSON, another shape, another media type, or too much of it."""

import json
import logging
from collections.abc import Iterator

import pytest

from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around

GOOD = {"length": 1, "width": 2}


@pytest.fixture(scope="module")
def sums() -> Iterator[Service]:
    with service(wired_around(FakePredictor(), max_body=1000, max_rows=20)) as client:
        yield client


def detail(reply: Reply, status: int) -> str:
    """Check that a reply is a problem document and give its detail."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.cache_status == "foreseen; fwd=bypass"
    return str(reply.json()["detail"])


NO_JSON = {
    "words": b"length=1&width=2",
    "truncated": b'{"length": 1, "width"',
    "half a literal": b'{"length": tru',
    "trailing comma in an object": b'{"length": 1, "width": 2,}',
    "trailing comma in a list": b'{"instances": [[1, 2],]}',
    "two values": b'{"length": 1, "width": 2} {}',
    "single quotes": b"{'length': 1, 'width': 2}",
    "a comment": b'{"length": 1, /* cm */ "width": 2}',
    "a bare name": b"{length: 1, width: 2}",
    "a leading zero": b'{"length": 01, "width": 2}',
    "a leading plus": b'{"length": +1, "width": 2}',
    "a bare dot": b'{"length": 1., "width": 2}',
    "a control character in a string": b'{"len\ngth": 1}',
    "an unknown escape": b'{"\\x": 1}',
    "no UTF-8": b'{"l\xff": 1}',
    "an overlong zero": b'{"l\xc0\x80": 1}',
    "UTF-16": '{"length": 1, "width": 2}'.encode("utf-16"),
    "zero bytes": b"\x00\x00\x00\x00",
    "deep nesting": b"[" * 400 + b"]" * 400,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_invalid_json_is_rejected_at_its_column(sums: Service, body: bytes) -> None:
    said = detail(sums.post(body), 400)

    assert said.startswith("expected JSON, got ")
    assert " at line " in said


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t"])
def test_an_empty_body_is_no_json(sums: Service, body: bytes) -> None:
    assert detail(sums.post(body), 400) == "expected JSON, got nothing"


@pytest.mark.parametrize("depth", [100, 250, 490])
@pytest.mark.parametrize(
    "form", ['{{"length":{},"width":1}}', '{{"instances":{}}}', "{}", '{{"instances":[{{"length":{}}}]}}']
)
def test_deep_nesting_is_rejected_without_harm(sums: Service, form: str, depth: int) -> None:
    reply = sums.post(form.format("[" * depth + "]" * depth).encode())

    assert reply.status in (400, 413, 422)
    assert detail(reply, reply.status)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"[]", "a list"), (b"[[1,2]]", "a list"), (b"1", "a number"), (b"1.5", "a number"), (b"NaN", "a number"),
     (b'"length"', "a string"), (b"true", "true or false"), (b"null", "null")],
)  # fmt: skip
def test_a_body_that_is_no_object_is_rejected(sums: Service, body: bytes, kind: str) -> None:
    assert detail(sums.post(body), 422) == f'expected an object, or {{"instances": […]}}, got {kind}'


@pytest.mark.parametrize(
    ("instances", "got"),
    [([], "an empty list"), ({}, "an object"), (GOOD, "an object"), (None, "null"), (3, "a number"), ("[]", "a string"),
     (False, "true or false")],
)  # fmt: skip
def test_instances_that_are_no_list_are_rejected(sums: Service, instances: object, got: str) -> None:
    said = detail(sums.post({"instances": instances}), 422)

    assert said == f"instances: expected a list of one instance or more, got {got}"


def test_other_members_beside_instances_are_rejected(sums: Service) -> None:
    said = detail(sums.post({"instances": [GOOD], "parameters": {"threads": 8}}), 422)

    assert said == 'parameters: expected nothing beside "instances", got {"threads": 8}'


class TestMediaType:
    @pytest.mark.parametrize(
        "given",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
         "text/json", "json", "application/jsonp", "application/json; charset=latin-1",
         "application/json; charset=utf-16"],
    )  # fmt: skip
    def test_another_one_is_rejected(self, sums: Service, given: str) -> None:
        reply = sums.send("POST", parts=[json.dumps(GOOD).encode()], headers={"content-type": given})

        assert detail(reply, 415) == f"expected Content-Type: application/json, got {given}"

    def test_none_is_rejected(self, sums: Service) -> None:
        reply = sums.send("POST", parts=[json.dumps(GOOD).encode()], headers={})

        assert detail(reply, 415) == "expected Content-Type: application/json, got none"

    @pytest.mark.parametrize("given", ["application/json; charset=UTF-8", 'Application/JSON;charset="utf8"'])
    def test_json_in_utf8_is_taken_however_it_is_written(self, sums: Service, given: str) -> None:
        reply = sums.send("POST", parts=[json.dumps(GOOD).encode()], headers={"content-type": given})

        assert reply.status == 200

    def test_a_compressed_body_is_rejected(self, sums: Service) -> None:
        reply = sums.send("POST", parts=[b"\x1f\x8b"], headers=JSON | {"content-encoding": "gzip"})

        assert detail(reply, 415) == "expected a body without Content-Encoding, got gzip"

    @pytest.mark.parametrize("given", ["", "identity", "Identity", ", identity,"])
    def test_a_body_without_a_coding_is_read(self, sums: Service, given: str) -> None:
        assert (
            sums.send("POST", parts=[json.dumps(GOOD).encode()], headers=JSON | {"content-encoding": given}).status
            == 200
        )

    def test_a_rejected_body_is_not_read(self, sums: Service) -> None:
        assert sums.send("POST", parts=[b"{}"] * 5, headers={"content-type": "text/plain"}).sent_parts == 0


class TestLimits:
    def test_a_body_declared_too_large_is_not_read(self, sums: Service) -> None:
        reply = sums.send("POST", parts=[b"{}"] * 5, headers=JSON | {"content-length": "1001"})

        assert detail(reply, 413) == "expected a body of at most 1000 bytes (max_body), got more"
        assert reply.sent_parts == 0
        assert reply.headers["connection"] == "close"

    def test_a_body_that_grows_too_large_is_read_no_further(self, sums: Service) -> None:
        reply = sums.send("POST", parts=[b" " * 300] * 50)

        assert detail(reply, 413) == "expected a body of at most 1000 bytes (max_body), got more"
        assert reply.sent_parts == 4

    def test_a_body_of_just_the_limit_is_taken(self, sums: Service) -> None:
        body = json.dumps(GOOD).encode().ljust(1000)

        assert sums.send("POST", parts=[body], headers=JSON | {"content-length": "1000"}).status == 200
        assert sums.post(body + b" ").status == 413

    @pytest.mark.parametrize("declared", ["", "-1", "1e9", "many", "²"])
    def test_a_length_that_is_no_number_is_not_trusted(self, sums: Service, declared: str) -> None:
        headers = JSON | {"content-length": declared}

        assert sums.send("POST", parts=[json.dumps(GOOD).encode()], headers=headers).status == 200
        assert sums.send("POST", parts=[b" " * 300] * 50, headers=headers).status == 413

    @pytest.mark.parametrize("form", [[1, 2], GOOD])
    def test_instances_are_answered_up_to_the_limit(self, sums: Service, form: object) -> None:
        assert len(sums.post({"instances": [form] * 20}).json()["predictions"]) == 20

        said = detail(sums.post({"instances": [form] * 21}), 413)
        assert said == "expected at most 20 instances in one request (max_rows), got more"

    def test_too_many_instances_are_rejected_before_the_rest_is_read(self, sums: Service) -> None:
        reply = sums.send("POST", parts=[b'{"instances":[', *[b"[1,2],"] * 100])

        assert reply.status == 413
        assert reply.sent_parts < 30


class TestLeavingClient:
    def test_a_disconnected_client_gets_a_problem_that_is_not_logged(
        self, sums: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG, logger="foreseen"):
            reply = sums.send("POST", parts=[b'{"length": 1, "wid'], hangs_up=True)

        assert detail(reply, 400) == "expected the whole body, got a part of it"
        assert caplog.records == []
