"""The protocol over gRPC: health, metadata and inference."""

from math import prod
from typing import TYPE_CHECKING, Any

import pytest

from conformance.levels import extension, must, not_applicable, should
from conformance.model import FLOWERS, Model
from conformance.rest import RestServer
from conformance.tensors import DATATYPES, flat

if TYPE_CHECKING:
    from conformance.grpc_server import GrpcServer

UNKNOWN = "no-such-model"


@must
def test_grpc_server_is_live(grpc: "GrpcServer") -> None:
    """ServerLive says live. inference_grpc.md, "Server Live"."""
    assert grpc.call("ServerLive").live


@must
def test_grpc_server_is_ready(grpc: "GrpcServer") -> None:
    """ServerReady says ready. inference_grpc.md, "Server Ready"."""
    assert grpc.call("ServerReady").ready


@must
def test_grpc_model_is_ready(grpc: "GrpcServer") -> None:
    """ModelReady says ready. inference_grpc.md, "Model Ready"."""
    assert grpc.call("ModelReady", name=grpc.model).ready


@should
def test_grpc_unknown_model_is_not_ready(grpc: "GrpcServer") -> None:
    """ModelReady of an unknown model is OK and not ready:

    Triton made it an error and took it back (core #502, #508).
    """
    assert not grpc.call("ModelReady", name=UNKNOWN).ready


@must
def test_grpc_server_metadata(grpc: "GrpcServer") -> None:
    """ServerMetadata has a name and a version. inference_grpc.md, "Server Metadata"."""
    said = grpc.call("ServerMetadata")
    assert said.name, "expected a name"
    assert said.version, "expected a version"


@must
def test_grpc_model_metadata(grpc: "GrpcServer") -> None:
    """ModelMetadata has the model's name and platform, and datatypes of the table.

    inference_grpc.md, "Model Metadata".
    """
    said = grpc.call("ModelMetadata", name=grpc.model)
    assert said.name == grpc.model, f"got {said.name!r}"
    kinds = {tensor.datatype for tensor in [*said.inputs, *said.outputs]}
    assert kinds <= DATATYPES, f"got {kinds}"


@should
def test_grpc_metadata_is_that_of_rest(grpc: "GrpcServer", model: Model) -> None:
    """Both describe the same tensors: "The GRPC API closely follows the concepts of HTTP/REST". inference_grpc.md."""
    said = grpc.call("ModelMetadata", name=grpc.model)
    for side, expected in (("inputs", model.inputs), ("outputs", model.outputs)):
        seen = [(each.name, each.datatype, tuple(each.shape)) for each in getattr(said, side)]
        assert seen == [(each.name, each.datatype, each.shape) for each in expected], f"{side}: got {seen}"


@must
def test_grpc_metadata_of_an_unknown_model(grpc: "GrpcServer") -> None:
    """It fails with another code than OK. inference_grpc.md, "Model Metadata"."""
    grpc.failure("ModelMetadata", name=UNKNOWN)


@should
def test_grpc_unknown_model_is_not_found(grpc: "GrpcServer", model: Model) -> None:
    """The code is NOT_FOUND: clients try UNKNOWN and INTERNAL again, and UNAVAILABLE at once (kserve's client, three

    times).
    """
    codes = {
        grpc.failure("ModelMetadata", name=UNKNOWN)[0],
        grpc.failure("ModelInfer", **grpc.request(model) | {"model_name": UNKNOWN})[0],
    }
    assert codes == {"NOT_FOUND"}, f"got {codes}"


@must
def test_grpc_infer(grpc: "GrpcServer", model: Model) -> None:
    """ModelInfer answers typed contents; the reply names the model, and its contents fit the shapes.

    inference_grpc.md.
    """
    reply = grpc.call("ModelInfer", **grpc.request(model))
    assert reply.model_name == grpc.model, f"got {reply.model_name!r}"
    assert reply.outputs, "expected outputs"
    values = grpc.values_of(reply)
    for output in reply.outputs:
        size = len(values[output.name])
        assert size == prod(output.shape), f"{output.name} of shape {list(output.shape)} has {size} values"


@must
def test_grpc_infer_is_that_of_rest(grpc: "GrpcServer", rest: RestServer, model: Model) -> None:
    """The values are those of REST. inference_grpc.md: "closely follows the concepts defined in the HTTP/REST API"."""
    expected = {name: flat(each["data"]) for name, each in rest.infer(model.request(FLOWERS)).outputs().items()}
    seen = grpc.outputs(**grpc.request(model))
    assert seen == expected, f"got {seen}, over REST {expected}"


@must
def test_grpc_raw_inputs_mean_the_same(grpc: "GrpcServer", model: Model) -> None:
    """raw_input_contents mean what contents mean. inference_grpc.md, "Tensor Data"."""
    expected = grpc.outputs(**grpc.request(model))
    seen = grpc.outputs(**grpc.raw(model))
    assert seen == expected, f"got {seen}, typed {expected}"


@must
def test_grpc_reply_is_raw_or_typed(grpc: "GrpcServer", model: Model) -> None:
    """With raw_output_contents no output has contents. open_inference_grpc.proto, ModelInferResponse."""
    for request in (grpc.request(model), grpc.raw(model)):
        reply = grpc.call("ModelInfer", **request)
        both = [output.name for output in reply.outputs if reply.raw_output_contents and output.HasField("contents")]
        assert not any(each.contents.ListFields() for each in reply.outputs if each.name in both), f"both of {both}"


@should
@pytest.mark.parametrize("kind", ["typed", "raw"])
def test_grpc_reply_is_as_the_request(grpc: "GrpcServer", model: Model, kind: str) -> None:
    """A raw request has a raw reply, a typed one a typed:

    users take the other for empty (Triton server #2937, #7191).
    """
    request = grpc.raw(model) if kind == "raw" else grpc.request(model)
    reply = grpc.call("ModelInfer", **request)
    assert bool(reply.raw_output_contents) == (kind == "raw"), f"{kind} request, the other reply"


@must
def test_grpc_id_comes_back(grpc: "GrpcServer", model: Model) -> None:
    """The id of a request is returned. open_inference_grpc.proto, ModelInferRequest.id."""
    got = grpc.call("ModelInfer", **grpc.request(model), id="order-66").id
    assert got == "order-66", f"got {got!r}"


@must
def test_grpc_parameters_are_accepted(grpc: "GrpcServer", model: Model) -> None:
    """Parameters of every type are accepted. open_inference_grpc.proto, InferParameter."""
    choices: dict[str, Any] = {"bool_param": True, "int64_param": -3, "string_param": "a"}
    listed = [{"key": name, "value": {name: value}} for name, value in choices.items()]
    request = grpc.request(model)
    request["inputs"] = [tensor | {"parameters": listed} for tensor in request["inputs"]]
    grpc.outputs(**request, parameters=listed)


@should
def test_grpc_newer_parameters_are_accepted(grpc: "GrpcServer", model: Model) -> None:
    """double and uint64 came in 2023 (open-inference-protocol #8); tritonclient sends a priority as uint64."""
    listed = [{"key": "priority", "value": {"uint64_param": 1}}, {"key": "a", "value": {"double_param": 0.5}}]
    grpc.outputs(**grpc.request(model), parameters=listed)


@must
def test_grpc_outputs_asked_for_are_returned_alone(grpc: "GrpcServer", model: Model) -> None:
    """Only the outputs that a request names are returned. open_inference_grpc.proto, ModelInferRequest.outputs."""
    for name in grpc.outputs(**grpc.request(model)):
        got = list(grpc.outputs(**grpc.request(model), outputs=[{"name": name}]))
        assert got == [name], f"asked for {name}, got {got}"


@must
def test_grpc_unknown_output(grpc: "GrpcServer", model: Model) -> None:
    """It fails with another code than OK: the output cannot be returned. open_inference_grpc.proto, outputs."""
    grpc.failure("ModelInfer", **grpc.request(model), outputs=[{"name": "no-such-output"}])


@should
def test_grpc_both_raw_and_typed(grpc: "GrpcServer", model: Model) -> None:
    """With raw_input_contents no input may have contents: one of them would be left out silently.

    open_inference_grpc.proto, ModelInferRequest; Triton and KServe reject it.
    """
    grpc.failure("ModelInfer", **grpc.request(model) | {"raw_input_contents": grpc.raw(model)["raw_input_contents"]})


@must
@pytest.mark.parametrize("change", ["one less", "too short", "too long"])
def test_grpc_raw_contents_that_do_not_fit(grpc: "GrpcServer", model: Model, change: str) -> None:
    """There is one raw content for each input, of the size that shape and datatype give. open_inference_grpc.proto."""
    request = grpc.raw(model)
    blobs = request["raw_input_contents"]
    changed = {
        "one less": [*blobs[:-1]] or [b""],
        "too short": [blobs[0][:-1], *blobs[1:]],
        "too long": [blobs[0] + bytes(8), *blobs[1:]],
    }
    grpc.failure("ModelInfer", **request | {"raw_input_contents": changed[change]})


@should
def test_grpc_raw_contents_too_many(grpc: "GrpcServer", model: Model) -> None:
    """There is one raw content for each input: one more is an error, as in Triton. open_inference_grpc.proto."""
    request = grpc.raw(model)
    blobs = request["raw_input_contents"]
    grpc.failure("ModelInfer", **request | {"raw_input_contents": [*blobs, blobs[0]]})


@must
@pytest.mark.parametrize("change", ["shape", "negative shape", "datatype", "no data", "no inputs"])
def test_grpc_malformed(grpc: "GrpcServer", model: Model, change: str) -> None:
    """The contents fit shape and datatype: else the call fails. open_inference_grpc.proto, InferTensorContents."""
    code, _ = grpc.failure("ModelInfer", **malformed(grpc, model, change))
    assert code != "DEADLINE_EXCEEDED", "got no answer"


@should
def test_grpc_malformed_are_invalid_arguments(grpc: "GrpcServer", model: Model) -> None:
    """The code is INVALID_ARGUMENT: gateways make 400 of it, and clients do not try again. grpc status codes."""
    kinds = ("shape", "negative shape", "datatype", "no data", "no inputs")
    codes = {kind: grpc.failure("ModelInfer", **malformed(grpc, model, kind))[0] for kind in kinds}
    wrong = [f"{kind} {code}" for kind, code in codes.items() if code != "INVALID_ARGUMENT"]
    assert not wrong, f"got {', '.join(wrong)}"


def malformed(grpc: "GrpcServer", model: Model, change: str) -> dict[str, Any]:
    """Return a request of which something does not fit."""
    request = grpc.request(model)
    first = request["inputs"][0]
    if change == "no inputs":
        return request | {"inputs": []}
    changed = {
        "shape": {"shape": [len(FLOWERS) + 1, *first["shape"][1:]]},
        "negative shape": {"shape": [-size for size in first["shape"]]},
        "datatype": {"datatype": "FP12"},
        "no data": {"contents": {}},
    }
    return request | {"inputs": [first | changed[change], *request["inputs"][1:]]}


@must
def test_grpc_by_version(grpc: "GrpcServer", model: Model) -> None:
    """A version that the metadata lists can be named. open_inference_grpc.proto, model_version."""
    versions = list(grpc.call("ModelMetadata", name=grpc.model).versions)
    if not versions:
        not_applicable("the metadata lists no versions")
    for version in versions:
        grpc.outputs(**grpc.request(model), model_version=version)


@should
def test_grpc_messages_over_four_mebibytes(grpc: "GrpcServer", model: Model) -> None:
    """Requests are as large as over REST:

    gRPC of itself takes 4 MiB, and KServe has set more (--grpc_max_receive_message_length).
    """
    rows = [FLOWERS[at % 3] for at in range(200_000)]
    grpc.outputs(**grpc.raw(model, rows))


@extension("grpc.health.v1")
def test_grpc_health_service(grpc: "GrpcServer") -> None:
    """grpc.health.v1.Health/Check says SERVING (1): Kubernetes' probe of gRPC asks it."""
    status = grpc.optional("Check", service="grpc.health.v1.Health").status
    assert status == 1, f"got {status}"


@extension("model_repository")
def test_grpc_index_of_the_repository(grpc: "GrpcServer") -> None:
    """RepositoryIndex lists the model. Triton, extension_model_repository.md, "GRPC"."""
    models = {each.name: each.state for each in grpc.optional("RepositoryIndex").models}
    assert models.get(grpc.model) == "READY", f"got {models}"
