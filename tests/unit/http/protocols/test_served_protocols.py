"""A protocol is endpoints around the same use case: its own paths, bodies, answers and problems."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from starlette.requests import Request

from foreseen.domain.answer import Answer
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.http.protocols import served_protocols
from foreseen.entrypoints.http.protocols.endpoint import BodyForm, Endpoint, ReadRequest, WrittenAnswer
from foreseen.entrypoints.http.responses import problem_formats
from foreseen.entrypoints.http.responses.problem_formats import ProblemFormat
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.settings import Settings
from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around

TEXT = {"content-type": "text/plain"}


class AnyBody:
    """A scanner that accepts every body."""

    def feed(self, part: bytes) -> None:
        """Accept a part."""


def in_brackets(members: Mapping[str, Any]) -> tuple[bytes, str]:
    return b"[%s]" % str(members["detail"]).encode(), "text/plain"


def line_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """A protocol of lines of numbers, at /predict and at a path of its own, where a request has a name."""

    async def read(request: Request, body: bytes) -> ReadRequest:
        name = request.path_params.get("name", "")
        if name == "unknown":
            raise Rejection(404, "http", "Not Found", "expected a name, got unknown")
        rows = [[float(number) for number in line.split()] for line in body.splitlines()]
        columns = dict(zip(info.signature.names, map(list, zip(*rows, strict=True)), strict=True))

        def write(answer: Answer) -> WrittenAnswer:
            return WrittenAnswer(b"\n".join(answer.bodies), "text/plain; charset=utf-8", {"Name": name} if name else {})

        return ReadRequest(Batch.of(info.signature, columns), write)

    form = BodyForm("text/plain", lambda given: given == "text/plain", lambda _: AnyBody())
    docs = {
        "requestBody": {"content": {"text/plain": {}}},
        "responses": {"200": {"description": "Lines.", "content": {"text/plain": {}}}},
    }
    return [
        Endpoint(name="post_lines", method="POST", path="/predict", summary="Lines", docs=docs, body=form, read=read),
        Endpoint(
            name="post_named",
            method="POST",
            path="/lines/{name}",
            summary="Named",
            docs=docs,
            body=form,
            read=read,
        ),
    ]


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service whose model adds up length and width, with the protocol of lines."""
    monkeypatch.setattr(served_protocols, "PROTOCOLS", (*served_protocols.PROTOCOLS, line_endpoints))
    monkeypatch.setattr(problem_formats, "FORMATS", (ProblemFormat("/lines", in_brackets),))
    with service(wired_around(FakePredictor(), max_rows=3)) as client:
        yield client


def post(sums: Service, body: bytes, path: str = "/predict", fields: Mapping[str, str] = TEXT) -> Reply:
    return sums.send("POST", path, parts=[body], headers=fields)


class TestSharedPath:
    def test_the_content_type_chooses_the_protocol(self, sums: Service) -> None:
        reply = post(sums, b"1 2\n3 4")

        assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert [json.loads(line) for line in reply.body.splitlines()] == [{"prediction": 3.0}, {"prediction": 7.0}]

    def test_protocols_share_cached_entries(self, sums: Service) -> None:
        post(sums, b"1 2")

        assert sums.post({"length": 1, "width": 2}).cache_status.startswith("foreseen; hit")

    def test_a_rejected_content_type_lists_all_accepted(self, sums: Service) -> None:
        reply = post(sums, b"1 2", fields={"content-type": "text/html"})

        assert reply.status == 415
        assert reply.json()["detail"] == "expected Content-Type: application/json or text/plain, got text/html"

    def test_the_document_describes_the_bodies_of_all(self, sums: Service) -> None:
        operation = sums.get("/openapi.json").json()["paths"]["/predict"]["post"]

        assert operation["summary"] == "Predict one instance or many"
        assert set(operation["requestBody"]["content"]) == {"application/json", "text/plain"}
        assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/plain"}
        assert operation["responses"]["200"]["description"] == "The prediction."


class TestOwnPath:
    def test_the_answer_may_depend_on_the_request(self, sums: Service) -> None:
        reply = post(sums, b"1 2", "/lines/mine")

        assert (reply.status, reply.headers["name"]) == (200, "mine")
        assert reply.cache_status.startswith("foreseen; fwd=miss")

    def test_limits_and_directives_are_those_of_every_protocol(self, sums: Service) -> None:
        assert post(sums, b"1 2\n" * 4, "/lines/mine").status == 413
        assert post(sums, b"1 2", "/lines/mine", {**TEXT, "cache-control": "only-if-cached"}).status == 504
        assert post(sums, b"1 2", "/lines/mine", {**TEXT, "content-encoding": "gzip"}).status == 415

    @pytest.mark.parametrize(
        ("path", "fields", "status", "body"),
        [
            ("/lines/unknown", TEXT, 404, b"[expected a name, got unknown]"),
            ("/lines/mine", JSON, 415, b"[expected Content-Type: text/plain, got application/json]"),
        ],
    )
    def test_problems_have_the_form_of_the_protocol(
        self, sums: Service, path: str, fields: Mapping[str, str], status: int, body: bytes
    ) -> None:
        reply = post(sums, b"1 2", path, fields)

        assert (reply.status, reply.body) == (status, body)
        assert reply.headers["content-type"].startswith("text/plain")
