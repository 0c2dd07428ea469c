"""The first protocol of KServe, and TensorFlow Serving's: the same instances, keys and limits as /predict."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foreseen.domain.errors import ModelRestartingError
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, route_number
from foreseen.entrypoints.http.service import application
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around, wired_with
from support.models import iris_forest, save
from support.own_models import Choosing

ROWS = [[1, 2], [3, 4]]


@pytest.fixture
def sums() -> Iterator[Service]:
    """A service whose model adds up length and width."""
    with service(wired_around(FakePredictor(), name="sums", max_rows=5)) as client:
        yield client


def predict(client: Service, body: object, name: str = "sums", **fields: str) -> Reply:
    """Send a body: bytes as they are, anything else as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.send("POST", f"/v1/models/{name}:predict", parts=[sent], headers=JSON | fields)


class TestPredictions:
    @pytest.mark.parametrize(
        ("body", "member"),
        [
            ({"instances": ROWS}, "predictions"),
            ({"instances": [{"width": 2, "length": 1}, [3, 4]]}, "predictions"),
            ({"signature_name": "serving_default", "instances": ROWS}, "predictions"),
            ({"instances": ROWS, "parameters": None}, "predictions"),
            ({"instances": ROWS, "parameters": {}}, "predictions"),
            ({"inputs": {"width": [2, 4], "length": [1, 3]}}, "outputs"),
            ({"signature_name": "", "inputs": ROWS}, "outputs"),
        ],
    )
    def test_each_form_is_answered_in_its_own(self, sums: Service, body: Any, member: str) -> None:
        reply = predict(sums, body)

        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
        assert reply.body == b'{"%b":[3.0,7.0]}' % member.encode()

    @pytest.mark.parametrize(
        ("labels", "body"), [((0, 1), b"0,1"), ((False, True), b"false,true"), (("0", "1"), b'"0","1"')]
    )
    def test_labels_have_their_own_types(self, tmp_path: Path, labels: tuple[Any, ...], body: bytes) -> None:
        with service(wired_with(save(Choosing(*labels), tmp_path))) as client:
            for _ in range(2):
                assert predict(client, {"instances": [0, 1]}, "model").body == b'{"predictions":[%b]}' % body
            assert predict(client, {"inputs": [0, 1]}, "model").body == b'{"outputs":[%b]}' % body

    def test_all_doors_share_one_key(self, tmp_path: Path) -> None:
        row = [5.1, 3.5, 1.4, 0.2]
        with service(wired_with(save(iris_forest(), tmp_path))) as client:
            replies = [
                predict(client, {"instances": [row]}, "model"),
                client.post({"instances": [row]}),
                client.send("POST", "/invocations", parts=[json.dumps({"inputs": [row]}).encode()]),
                predict(client, {"inputs": [row]}, "model"),
            ]

            assert client.predict.tally.model_rows == 1
        assert [reply.cache_status.partition(";")[2] for reply in replies] == [
            " fwd=miss; stored",
            *[" hit; detail=L1"] * 3,
        ]

    def test_a_tensor_is_an_instance(self) -> None:
        with service(wired_around(FakePredictor(Signature((Feature("image", shape=(2, 2)),))), name="sums")) as client:
            assert predict(client, {"instances": [[[1, 2], [3, 4]]]}).json() == {"predictions": [10.0]}


ONE_OF = 'expected an object with exactly one of "instances", "inputs", got '


class TestProblems:
    @pytest.mark.parametrize(
        ("body", "status", "said"),
        [
            (b"", 400, "expected JSON, got nothing"),
            (ROWS, 422, ONE_OF + "a list"),
            ({"length": 1, "width": 2}, 422, ONE_OF + "none of them"),
            ({"instances": ROWS, "inputs": ROWS}, 422, ONE_OF + '"instances" and "inputs"'),
            ({"dataframe_split": {"data": ROWS}}, 422, ONE_OF + "none of them"),
            ({"columns": ["length", "width"], "data": ROWS}, 422, ONE_OF + "none of them"),
            ({"instances": ROWS, "more": 1}, 422, 'more: expected nothing beside "instances", got 1'),
            ({"instances": ROWS, "parameters": {"a": 1}}, 422, "parameters: expected none, since the model takes none"),
            ({"instances": []}, 422, "instances: expected a list of one instance or more, got an empty list"),
            ({"instances": [[1]]}, 422, "instances[0]: expected 2 values (length, width), got 1"),
            ({"inputs": {"length": [1], "width": []}}, 422, "inputs: expected lists of the same length, got"),
            ({"instances": [["wide", 1]]}, 422, 'instances[0].length: expected a number, got "wide"'),
            ({"instances": ROWS * 3}, 413, "expected at most 5 instances in one request (max_rows), got more"),
        ],
    )
    def test_a_malformed_body_is_an_error_in_the_protocol_s_form(
        self, sums: Service, body: Any, status: int, said: str
    ) -> None:
        require_error(predict(sums, body), status, said)

    def test_another_media_type_is_rejected(self, sums: Service) -> None:
        reply = predict(sums, b"length,width\n1,2\n", **{"content-type": "text/csv"})

        require_error(reply, 415, "expected Content-Type: application/json, got text/csv")

    @pytest.mark.parametrize("name", ["iris", "SUMS", "sums.", "%73ums"])
    def test_another_name_is_not_found(self, sums: Service, name: str) -> None:
        for reply in (predict(sums, {"instances": ROWS}, name), sums.get(f"/v1/models/{name}")):
            assert reply.json()["error"] == f"Model with name {name} does not exist."
            assert reply.json()["title"] == "Not Found"
            assert (reply.status, reply.headers["content-type"]) == (404, "application/json")

    def test_a_model_that_is_restarting_says_when_to_retry(self) -> None:
        predictor = FakePredictor()
        predictor.error = ModelRestartingError("the model is being loaded again", 2.5)
        with service(wired_around(predictor, name="sums")) as client:
            reply = predict(client, {"instances": ROWS})

        assert (reply.status, reply.headers["retry-after"]) == (503, "3")
        assert reply.json()["error"] == reply.json()["detail"]

    def test_directives_deadlines_and_codings_are_those_of_predict(self, sums: Service) -> None:
        body = {"instances": ROWS}
        assert predict(sums, body, **{"cache-control": "only-if-cached"}).status == 504
        assert predict(sums, body, **{"request-timeout": "soon"}).status == 400
        assert predict(sums, body, **{"content-encoding": "gzip"}).status == 415

    def test_a_missing_key_is_rejected_as_everywhere(self) -> None:
        wiring = wired_around(FakePredictor(), name="sums", api_keys=("0" * 64,))
        with service(wiring) as started:
            client = started.behind(create_service(wiring))
            replies = [predict(client, {"instances": ROWS}), client.get("/v1/models"), client.get("/v1/models/sums")]

        assert [(reply.status, reply.headers["content-type"]) for reply in replies] == [(401, "application/json")] * 3


class TestModels:
    def test_the_model_is_listed_and_described(self, sums: Service) -> None:
        assert sums.get("/v1/models").json() == {"models": ["sums"]}
        assert sums.get("/v1/models/sums").json() == {
            "name": "sums",
            "ready": True,
            "model_version_status": [
                {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
            ],
        }

    def test_a_model_that_cannot_predict_is_not_ready(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(application, "unready", lambda *_: "the model is gone")
        with service(wired_around(FakePredictor(), name="sums")) as client:
            reply = client.get("/v1/models/sums")
            listed = client.get("/v1/models")

        assert (reply.status, reply.headers["content-type"], listed.status) == (503, "application/json", 200)
        shown = reply.json()
        assert (shown["name"], shown["ready"], shown["error"]) == ("sums", False, "the model is gone")
        assert shown["model_version_status"] == [
            {
                "version": "1",
                "state": "LOADING",
                "status": {"error_code": "UNAVAILABLE", "error_message": "the model is gone"},
            }
        ]

    @pytest.mark.parametrize(
        ("path", "methods"),
        [
            ("/v1/models", "GET, HEAD, OPTIONS"),
            ("/v1/models/sums", "GET, HEAD, OPTIONS"),
            ("/v1/models/sums:predict", "OPTIONS, POST"),
        ],
    )
    def test_methods_are_those_of_each_path(self, sums: Service, path: str, methods: str) -> None:
        assert sums.send("OPTIONS", path).headers["allow"] == methods
        assert (sums.send("PUT", path).status, sums.send("PUT", path).headers["allow"]) == (405, methods)
        assert sums.send("HEAD", path).status == (200 if "GET" in methods else 405)

    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("/v1/models", "/v1/models"),
            ("/v1/models/any.name", "/v1/models/{name}"),
            ("/v1/models/any.name:predict", "/v1/models/{name}:predict"),
            ("/v1/models/", "other"),
            ("/v1/models/:predict", "other"),
            ("/v1/models/a/b:predict", "other"),
            ("/v1/models/a:explain", "other"),
            ("/v1", "other"),
        ],
    )
    def test_a_path_is_counted_whatever_the_name(self, path: str, route: str) -> None:
        assert ROUTES[route_number(path)] == route


def require_error(reply: Reply, status: int, said: str) -> None:
    """Assert that a reply is a problem in the form of the protocol."""
    members = reply.json()
    assert (reply.status, members["status"]) == (status, status)
    assert members["detail"].startswith(said)
    assert members["error"] == members["detail"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.cache_status == "foreseen; fwd=bypass"
