"""The OpenAPI document: valid, of this very model, and its examples work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from foreseen.domain.values.signature import ExtraFields, Feature, Signature
from foreseen.wiring.service import Service as WiredService
from support.fakes import FakePredictor
from support.in_process_service import JSON, Service, service, wired_around, wired_with
from support.models import IRIS_NAMES, iris_logistic, mixed_pipeline, save

TENSORS = Signature((Feature("image", shape=(2, 3)), Feature("flags", dtype="uint8", shape=(2,)), Feature("scale")))
KINDS = Signature(
    (
        Feature("member", dtype="bool"),
        Feature("age", dtype="int64", missing=True),
        Feature("day", dtype="datetime"),
        Feature("at", dtype="datetime_tz", missing=True),
        Feature("left", dtype="bool", missing=True, values=(None, False)),
        Feature("colour", dtype="string", missing=True, values=("red", "blue")),
        Feature("curve", shape=(2,), missing=True),
    ),
    ignored=("ticket", "instances"),
)
ODD_NAMES = Signature((Feature("sepal length (cm)"), Feature("größe", dtype="int64"), Feature("a/b~c#?&")))
SIDECAR = """
[[features]]
name = "sepal_length"
example = 5.1
[[features]]
name = "sepal_width"
example = 3.5
[[features]]
name = "petal_length"
example = 1.4
[[features]]
name = "petal_width"
example = 0.2
"""


def wirings(folder: Path) -> dict[str, WiredService]:
    """Wire one of each kind of model."""
    (folder / "iris.toml").write_text(SIDECAR)
    both = ("predict", "predict_proba")
    return {
        "iris": wired_with(save(iris_logistic(), folder, "iris.joblib"), outputs=both),
        "mixed": wired_with(save(mixed_pipeline(), folder, "mixed.joblib")),
        "tensors": wired_around(FakePredictor(TENSORS)),
        "odd names": wired_around(FakePredictor(ODD_NAMES)),
        "kinds": wired_around(FakePredictor(KINDS)),
    }


@pytest.fixture(scope="module", params=["iris", "mixed", "tensors", "odd names", "kinds"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    wiring = wirings(tmp_path_factory.mktemp("models"))[request.param]
    with service(wiring) as started:
        yield started


@pytest.fixture
def iris_with_examples(tmp_path: Path) -> Iterator[Service]:
    with service(wirings(tmp_path)["iris"]) as started:
        yield started


def document(client: Service) -> dict[str, Any]:
    reply = client.get("/openapi.json")
    assert reply.headers["content-type"] == "application/json"
    read: dict[str, Any] = reply.json()
    return read


def body_examples(client: Service) -> dict[str, Any]:
    content = document(client)["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return {name: example["value"] for name, example in content["examples"].items()}


def place_of(client: Service, path: str) -> str:
    """Return a path with the name of the model in it."""
    return path.format(name=client.get("/model").json()["name"])


def is_valid(client: Service, schema: str, value: object) -> bool:
    """Return whether a value is what the document says of it."""
    return fits(client, {"$ref": f"#/components/schemas/{schema}"}, value)


def fits(client: Service, schema: Any, value: object) -> bool:
    """Return whether a value fits a schema, which may refer to those of the document."""
    whole = DRAFT202012.create_resource(document(client))
    registry: Registry[Any] = Registry().with_resource("urn:document", whole)
    absolute = json.loads(json.dumps(schema).replace('"#/components', '"urn:document#/components'))
    return bool(OAS31Validator(absolute, registry=registry).is_valid(value))


class TestEveryModel:
    def test_the_document_is_valid(self, client: Service) -> None:
        validate(document(client))

    def test_it_is_the_same_each_time(self, client: Service) -> None:
        assert client.get("/openapi.json").body == client.get("/openapi.json").body

    def test_each_example_of_a_body_is_answered_as_documented(self, client: Service) -> None:
        examples = body_examples(client)
        assert list(examples) == ["one", "objects", "rows"]

        for name, example in examples.items():
            reply = client.post(example)
            assert reply.status == 200, reply.body
            assert is_valid(client, "Instance" if name == "one" else "Instances", example)
            assert is_valid(client, "Prediction" if name == "one" else "Predictions", reply.json())

    @pytest.mark.parametrize("path", ["/invocations", "/v1/models/{name}:predict", "/v2/models/{name}/infer"])
    def test_each_example_of_another_protocol_is_answered_as_documented(self, client: Service, path: str) -> None:
        operation = document(client)["paths"][path]["post"]
        content = operation["requestBody"]["content"]["application/json"]

        for example in content["examples"].values():
            reply = client.send("POST", place_of(client, path), parts=[json.dumps(example["value"]).encode()])
            assert reply.status == 200, reply.body
            assert fits(client, content["schema"], example["value"])
            assert fits(client, operation["responses"]["200"]["content"]["application/json"]["schema"], reply.json())

    @pytest.mark.parametrize("path", ["/invocations", "/v1/models/{name}:predict"])
    def test_a_problem_of_another_protocol_is_as_documented(self, client: Service, path: str) -> None:
        operation = document(client)["paths"][path]["post"]
        place = place_of(client, path)
        replies = [
            client.send("POST", place, parts=[b"{}"]),
            client.send("POST", place, parts=[b"{"]),
            client.send("POST", place, headers={}),
            client.send("POST", place, headers=JSON | {"content-length": "999999999"}),
        ]

        assert [reply.status for reply in replies] == [422, 400, 415, 413]
        for reply in replies:
            documented = operation["responses"][str(reply.status)]["content"][reply.headers["content-type"]]
            assert fits(client, documented["schema"], reply.json())

    def test_each_schema_s_own_example_fits_it(self, client: Service) -> None:
        schemas = document(client)["components"]["schemas"]

        for name in ("Instance", "Row"):
            assert is_valid(client, name, schemas[name]["example"])

    def test_a_problem_is_as_documented(self, client: Service) -> None:
        assert is_valid(client, "Problem", client.post({}).json())

    def test_the_service_rejects_what_the_document_rejects(self, client: Service) -> None:
        good = body_examples(client)["one"]
        for name in good:
            # A text that the model never saw is its own matter; one that it may be given fits the document.
            wrong: Any
            for wrong in ("text", {}, [[[[]]]], 0.5, 7, None):
                if isinstance(good[name], str) and isinstance(wrong, str):
                    continue
                changed = good | {name: wrong}
                assert (client.post(changed).status == 422) == (not is_valid(client, "Instance", changed))

    def test_the_parameters_of_get_work_where_it_is_offered(self, client: Service) -> None:
        operation = document(client)["paths"]["/predict"].get("get")
        if operation is None:
            assert client.predict.predictor.info.signature.has_tensors
            return
        in_query = [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]
        examples = {parameter["name"]: parameter["example"] for parameter in in_query}

        assert client.get(**examples).status == 200
        as_the_page_fills_them_in = {
            name: example if isinstance(example, str) else json.dumps(example) for name, example in examples.items()
        }
        assert client.get(**as_the_page_fills_them_in).status == 200
        optional = {feature.name for feature in client.predict.predictor.info.signature.features if feature.missing}
        assert {parameter["name"] for parameter in in_query if not parameter["required"]} == optional

    def test_the_header_works_as_documented_wherever_it_is_offered(self, client: Service) -> None:
        operations = document(client)["paths"]["/predict"].values()
        headers = [part for operation in operations for part in operation["parameters"] if part["in"] == "header"]
        body = json.dumps(body_examples(client)["one"]).encode()
        assert len(headers) == len(operations)

        for header in headers:
            assert "example" not in header  # the page would send it, and a slow model have less time
            for value in ("0", "1.5", "soon", "-1", "", "1e3"):
                given = JSON | {header["name"].lower(): value}
                is_rejected = client.send("POST", parts=[body], headers=given).status == 400
                assert is_rejected == (re.search(header["schema"]["pattern"], value) is None)

    def test_the_status_of_each_problem_is_documented(self, client: Service) -> None:
        responses = document(client)["paths"]["/predict"]["post"]["responses"]
        met = {
            client.post({}).status,
            client.post(b"{").status,
            client.send("POST", headers={}).status,
            client.send("POST", headers=JSON | {"content-length": "999999999"}).status,
        }

        assert {str(status) for status in met} | {"200", "500", "503", "504"} == set(responses)
        assert "Retry-After" in responses["503"]["headers"]


def test_iris_is_four_named_numbers_with_examples(iris_with_examples: Service) -> None:
    schema = document(iris_with_examples)["components"]["schemas"]["Instance"]

    assert list(schema["properties"]) == schema["required"] == IRIS_NAMES
    assert schema["properties"]["sepal_length"] == {"type": "number", "examples": [5.1]}
    assert schema["example"] == {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
    assert schema["additionalProperties"] is False


def test_its_row_has_them_in_order(iris_with_examples: Service) -> None:
    schema = document(iris_with_examples)["components"]["schemas"]["Row"]

    assert [part["title"] for part in schema["prefixItems"]] == IRIS_NAMES
    assert (schema["minItems"], schema["maxItems"], schema["items"]) == (4, 4, False)


def test_a_classifier_answers_with_one_of_its_classes(iris_with_examples: Service) -> None:
    properties = document(iris_with_examples)["components"]["schemas"]["Prediction"]["properties"]

    assert properties["prediction"] == {"type": "string", "enum": ["0", "1", "2"]}
    assert list(properties["probabilities"]["properties"]) == ["0", "1", "2"]


def test_strings_have_examples_and_optional_values_may_be_null(tmp_path: Path) -> None:
    with service(wirings(tmp_path)["mixed"]) as client:
        properties = document(client)["components"]["schemas"]["Instance"]["properties"]
        null = client.post(body_examples(client)["one"] | {"weight": None})

    assert properties["colour"] == {"type": "string", "examples": ["blue"]}
    assert properties["weight"]["anyOf"] == [{"type": "number"}, {"type": "null"}]
    assert properties["height"]["type"] == "number"
    assert null.status == 200


def test_each_kind_of_value_has_its_type(tmp_path: Path) -> None:
    with service(wirings(tmp_path)["kinds"]) as client:
        schema = document(client)["components"]["schemas"]["Instance"]
        without = client.post({"member": True, "day": "2024-01-02", "curve": [1, None], "ticket": {"any": "thing"}})

    properties = schema["properties"]
    integer = {"type": "integer", "minimum": -(2**53), "maximum": 2**53}
    assert properties["member"] == {"type": "boolean", "examples": [True]}
    assert properties["age"]["anyOf"] == [integer, {"type": "null"}]
    assert properties["at"]["anyOf"] == [{"type": "string", "format": "date-time"}, {"type": "null"}]
    assert properties["day"]["type"] == "string"
    assert re.search(properties["day"]["pattern"], properties["day"]["examples"][0])
    assert properties["colour"]["examples"] == ["red"]
    assert properties["left"]["examples"] == [False]
    assert schema["required"] == ["member", "day", "curve"]
    assert "ticket" in properties
    assert without.status == 200


@pytest.mark.parametrize(("extra_fields", "status"), [("reject", 422), ("ignore", 200)])
def test_other_fields_are_rejected_or_ignored_as_documented(extra_fields: ExtraFields, status: int) -> None:
    signature = Signature((Feature("a"),), extra_fields=extra_fields)
    with service(wired_around(FakePredictor(signature))) as client:
        given = {"a": 1} | {f"more {number}": number for number in range(50)}
        replies = [client.post(given), client.post({"instances": [given]}), client.get(a=1, b=2)]

        assert [reply.status for reply in replies] == [status] * 3
        assert is_valid(client, "Instance", given) == (status == 200)


def test_tensors_are_nested_arrays_with_lengths(tmp_path: Path) -> None:
    with service(wirings(tmp_path)["tensors"]) as client:
        properties = document(client)["components"]["schemas"]["Instance"]["properties"]
        operations = document(client)["paths"]["/predict"]

    row = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    image = {"type": "array", "items": row, "minItems": 2, "maxItems": 2, "examples": [[[1.0] * 3] * 2]}
    assert properties["image"] == image
    assert properties["flags"]["items"] == {"type": "integer", "minimum": 0, "maximum": 255}
    assert list(operations) == ["post"]


def test_every_path_that_is_documented_is_answered(iris: Service) -> None:
    paths = document(iris)["paths"]

    read = {
        "/model",
        "/livez",
        "/readyz",
        "/metrics",
        "/ping",
        "/health",
        "/version",
        "/v1/models",
        "/v1/models/{name}",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models",
        "/v2/models/stats",
    }
    v2_models = {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}
    read |= {model + end for model in v2_models for end in ("", "/ready", "/config", "/stats")}
    posted = {"/invocations", "/v1/models/{name}:predict", "/v2/repository/index"}
    assert set(paths) == read | posted | {"/predict"} | {model + "/infer" for model in v2_models}
    assert [iris.get(path.format(name="model", version="1")).status for path in read] == [200] * len(read)


def test_the_description_of_the_model_is_as_documented(iris: Service) -> None:
    assert is_valid(iris, "ModelDescription", json.loads(iris.get("/model").body))
