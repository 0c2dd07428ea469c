"""What /openapi.json promises is what comes: requests made from it, right ones and wrong ones, to a real process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.example_counts import examples
from support.models import digits_forest, iris_forest, mixed_pipeline, save
from support.processes import watched

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
BOTH = ("--outputs", "predict,predict_proba")
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
WAYS = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def tensor_model(folder: Path) -> Path:
    """Save a model that takes one image, as its sidecar says."""
    (folder / "model.toml").write_bytes((DIGITS / "model.toml").read_bytes())
    return save(digits_forest(), folder)


MODELS = {
    "iris": lambda folder: save(iris_forest(), folder),
    "mixed types": lambda folder: save(mixed_pipeline(), folder),
    "a tensor": tensor_model,
}


@pytest.fixture(scope="module", params=list(MODELS))
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a running service, read over HTTP."""
    model = MODELS[request.param](tmp_path_factory.mktemp("promises"))
    with watched(model, *BOTH) as running:
        yield schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    assert "Traceback" not in "".join(running.err)


@schemathesis.serializer("text/csv")
def as_csv(_: object, value: Any) -> Any:
    """Send a generated text as it is."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def operations(document: Any) -> list[Any]:
    """Return all but reloads, of which each takes as long as a start."""
    found = [each.ok() for each in document.get_all_operations()]
    return [each for each in found if each.label != "POST /admin/reload"]


def surely(operation: Any) -> Iterator[Any]:
    """Return what random requests may all miss: one that is answered, and one that is not."""
    if operation.label == "POST /predict":
        features = operation.schema["/model"]["GET"].Case().call().json()["features"]
        for body in ({feature["name"]: feature["example"] for feature in features}, {}):
            yield operation.Case(body=body, media_type="application/json")
    if operation.label in ("POST /invocations", "POST /v1/models/{name}:predict"):
        described = operation.schema["/model"]["GET"].Case().call().json()
        row = [feature["example"] for feature in described["features"]]
        path = {"name": described["name"]} if "{name}" in operation.label else {}
        for body in ({"instances": [row]}, {"instances": [row], "more": 1}):
            yield operation.Case(body=body, media_type="application/json", path_parameters=path)

    if operation.label == "POST /v2/models/{name}/infer":
        described = operation.schema["/model"]["GET"].Case().call().json()
        row = [[feature["example"]] for feature in described["features"]]
        operation_body = {"inputs": example_tensors(operation.schema["/v2/models/{name}"]["GET"], described, row)}
        for body in (operation_body, {"inputs": []}):
            yield operation.Case(body=body, media_type="application/json", path_parameters={"name": described["name"]})


def example_tensors(metadata: Any, described: Any, columns: list[Any]) -> list[Any]:
    """Return a tensor of one value for each input that the metadata names."""
    inputs = metadata.Case(path_parameters={"name": described["name"]}).call().json()["inputs"]
    return [
        {"name": each["name"], "datatype": each["datatype"], "shape": [1, *each["shape"][1:]], "data": column}
        for each, column in zip(inputs, columns, strict=True)
    ]


def test_every_operation_keeps_its_promises(document: Any) -> None:
    asked: set[tuple[str, int]] = set()

    for operation in operations(document):
        for case in surely(operation):
            asked.add((operation.label, case.call_and_validate(checks=CHECKS).status_code))
        has_input = operation.body or operation.query or operation.path_parameters
        for way in WAYS if has_input else WAYS[:1]:
            cases: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=way)

            @settings(
                max_examples=examples(15 if has_input else 1), deadline=None, suppress_health_check=list(HealthCheck)
            )
            @given(case=cases)
            def ask(case: Any) -> None:
                response = case.call_and_validate(checks=CHECKS)
                assert response.status_code not in (500, 503)
                if response.status_code == 504:  # which is right where little time was given
                    assert "request-timeout" in {name.lower() for name in response.request.headers}
                asked.add((operation.label, response.status_code))  # noqa: B023 - called before the next one

            ask()

    assert {("GET /model", 200), ("GET /livez", 200), ("GET /readyz", 200), ("GET /metrics", 200)} <= asked
    for path in ("/predict", "/invocations", "/v1/models/{name}:predict"):
        assert {(f"POST {path}", 200), (f"POST {path}", 422)} <= asked
    assert {("POST /v2/models/{name}/infer", 200), ("POST /v2/models/{name}/infer", 400)} <= asked
    assert {("GET /v2", 200), ("GET /v2/health/ready", 200), ("GET /v2/models/stats", 200)} <= asked
    assert {("GET /ping", 200), ("GET /health", 200), ("GET /version", 200), ("GET /v1/models", 200)} <= asked
