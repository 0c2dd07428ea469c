"""What the Open Inference Protocol says about the server and its model."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.domain.errors import ModelRestartingError
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, route_number
from foreseen.entrypoints.http.service import application
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around, wired_with
from support.models import mixed_pipeline, save

VALUES = {"inputs": [{"name": "a", "datatype": "FP64", "shape": [2, 2], "data": [1, 2, 3, 4]}]}


@pytest.fixture
def sums() -> Iterator[Service]:
    """A service whose model adds up length and width."""
    with service(wired_around(FakePredictor(), name="sums")) as client:
        yield client


class TestServer:
    @pytest.mark.parametrize("path", ["/v2", "/v2/"])
    def test_it_names_itself_and_its_extensions(self, sums: Service, path: str) -> None:
        said = sums.get(path).json()

        assert (said["name"], "binary_tensor_data" in said["extensions"]) == ("foreseen", True)
        assert said["version"] == sums.get("/version").body.decode()

    def test_health_needs_no_key(self) -> None:
        wiring = wired_around(FakePredictor(), name="sums", api_keys=("0" * 64,))
        with service(wiring) as started:
            client = started.behind(create_service(wiring))
            assert client.get("/v2/health/live").json() == {"live": True}
            assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
            for path in ("/v2", "/v2/models", "/v2/models/sums"):
                reply = client.get(path)
                assert (reply.status, reply.headers["content-type"]) == (401, "application/json")
                assert reply.json()["error"].startswith("expected Authorization: Bearer KEY")

    def test_the_index_has_the_model(self, sums: Service) -> None:
        assert sums.get("/v2/models").json() == {"models": ["sums"]}
        index = sums.send("POST", "/v2/repository/index", parts=[b"{}"]).json()
        assert index == [{"name": "sums", "version": "1", "state": "READY", "reason": ""}]

    @pytest.mark.parametrize("verb", ["load", "unload"])
    def test_nothing_can_be_loaded(self, sums: Service, verb: str) -> None:
        reply = sums.send("POST", f"/v2/repository/models/sums/{verb}", parts=[b"{}"])

        assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
        assert "expected nothing to load or unload here" in reply.json()["error"]


class TestModel:
    @pytest.mark.parametrize("version", ["", "/versions/1"])
    def test_its_tensors_are_described(self, sums: Service, version: str) -> None:
        described = sums.get(f"/v2/models/sums{version}").json()

        assert described == {
            "name": "sums",
            "versions": ["1"],
            "platform": "foreseen",
            "inputs": [{"name": name, "datatype": "FP64", "shape": [-1]} for name in ("length", "width")],
            "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1]}],
        }

    def test_its_datatypes_are_those_of_its_features(self) -> None:
        features = (
            Feature("a", "float32", (2, 3)),
            Feature("b", "bool"),
            Feature("c", "uint8"),
            Feature("d", "string"),
            Feature("e", "datetime_tz"),
        )
        with service(wired_around(FakePredictor(Signature(features)), name="sums")) as client:
            inputs = client.get("/v2/models/sums").json()["inputs"]
            config = client.get("/v2/models/sums/config").json()
        assert [(each["datatype"], each["shape"]) for each in inputs] == [
            ("FP32", [-1, 2, 3]),
            ("BOOL", [-1]),
            ("UINT8", [-1]),
            ("BYTES", [-1]),
            ("BYTES", [-1]),
        ]
        assert (config["max_batch_size"], config["input"][3]["data_type"]) == (0, "TYPE_STRING")

    def test_answers_are_as_described(self, tmp_path: Path) -> None:
        wired = wired_with(save(mixed_pipeline(), tmp_path), outputs="predict,predict_proba", name="mixed")
        with service(wired) as client:
            described = client.get("/v2/models/mixed").json()
            example = client.get("/openapi.json").json()["paths"]["/v2/models/{name}/infer"]["post"]
            body = example["requestBody"]["content"]["application/json"]["examples"]["tensors"]["value"]
            answer = client.send("POST", "/v2/models/mixed/infer", parts=[json.dumps(body).encode()]).json()
        assert [(each["name"], each["datatype"], [-1, *each["shape"][1:]]) for each in answer["outputs"]] == [
            (each["name"], each["datatype"], each["shape"]) for each in described["outputs"]
        ]

    def test_statistics_count_every_protocol(self, sums: Service) -> None:
        for _ in range(2):
            sums.send("POST", "/v2/models/sums/infer", parts=[json.dumps(VALUES).encode()])
        sums.send("POST", "/v2/models/sums/infer", parts=[b"{"])
        sums.post({"instances": [[1, 2]]})

        [model] = sums.get("/v2/models/sums/versions/1/stats").json()["model_stats"]

        assert (model["name"], model["version"]) == ("sums", "1")
        assert (model["inference_count"], model["execution_count"]) == (2, 1)
        counted = {name: each["count"] for name, each in model["inference_stats"].items() if each["count"]}
        assert counted == {"success": 3, "fail": 1, "compute_infer": 1, "cache_hit": 3, "cache_miss": 2}
        assert sums.get("/v2/models/stats").json() == sums.get("/v2/models/sums/stats").json()

    @pytest.mark.parametrize("end", ["", "/ready", "/config", "/stats"])
    def test_another_model_or_version_is_unknown(self, sums: Service, end: str) -> None:
        for path, said in (
            ("/v2/models/other", "Request for unknown model: 'other' is not found"),
            ("/v2/models/sums/versions/2", "Request for unknown model: 'sums' version '2' is not found"),
        ):
            reply = sums.get(path + end)
            assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
            assert reply.json()["error"] == said

    def test_readiness_is_that_of_the_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(application, "unready", lambda *_: "it starts")
        predictor = FakePredictor()
        predictor.error = ModelRestartingError("it starts", 2.0)
        with service(wired_around(predictor, name="sums")) as client:
            server, model = client.get("/v2/health/ready"), client.get("/v2/models/sums/ready")
            index = client.send("POST", "/v2/repository/index").json()
            failed = client.send("POST", "/v2/models/sums/infer", parts=[json.dumps(VALUES).encode()])
        assert [reply.status for reply in (server, model, failed)] == [503] * 3
        assert (server.json()["live"], server.json()["ready"]) == (True, False)
        assert (model.json()["name"], model.json()["ready"], model.json()["error"]) == ("sums", False, "it starts")
        assert (index[0]["state"], failed.headers["retry-after"]) == ("UNAVAILABLE", "2")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2", "/v2"),
        ("/v2/", "/v2"),
        ("/v2/health/live", "/v2/health/live"),
        ("/v2/models", "/v2/models"),
        ("/v2/models/stats", "/v2/models/stats"),
        ("/v2/models/iris", "/v2/models/{name}"),
        ("/v2/models/iris/versions/3", "/v2/models/{name}"),
        ("/v2/models/iris/infer", "/v2/models/{name}/infer"),
        ("/v2/models/iris/versions/3/infer", "/v2/models/{name}/infer"),
        ("/v2/models/versions/versions/versions/stats", "/v2/models/{name}/stats"),
        ("/v2/repository/index", "/v2/repository/index"),
        ("/v2/repository/models/iris/load", "/v2/repository/models/{name}/load"),
        ("/v2/models/", "other"),
        ("/v2/models/iris/", "other"),
        ("/v2/models/iris/versions", "other"),
        ("/v2/models/iris/versions//infer", "other"),
        ("/v2/models/iris/infer/more", "other"),
        ("/v2/repository/models//load", "other"),
        ("/v2other", "other"),
    ],
)
def test_paths_count_by_route_whatever_the_name_and_the_version(path: str, route: str) -> None:
    assert ROUTES[route_number(path)] == route
