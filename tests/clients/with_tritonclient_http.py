"""Every method of tritonclient.http that asks about a server, its model, and predictions: URL MODEL."""

import json
from collections.abc import Callable

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from clients.flowers import KINDS, MODEL, NAMES, ROWS, URL, columns


def inputs(*, is_binary: bool, dtype: str = "float64", datatype: str = "FP64") -> list[InferInput]:
    """Return a tensor for each feature."""
    made = []
    for name, values in columns().items():
        tensor = InferInput(name, [len(values)], datatype)
        tensor.set_data_from_numpy(np.array(values, dtype=dtype), binary_data=is_binary)
        made.append(tensor)
    return made


def matrix(*, is_binary: bool) -> list[InferInput]:
    """Return all features in one tensor."""
    tensor = InferInput("input-0", [3, 4], "FP64")
    tensor.set_data_from_numpy(np.array(ROWS), binary_data=is_binary)
    return [tensor]


def refused(call: Callable[[], object], words: str) -> None:
    """Assert that a call fails with these words."""
    try:
        call()
    except InferenceServerException as error:
        assert words in str(error), str(error)
    else:
        raise AssertionError(f"expected an error with {words!r}")


with InferenceServerClient(URL, concurrency=4) as client:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("no-such-model")
    server = client.get_server_metadata()
    assert server["name"], server
    assert "binary_tensor_data" in server["extensions"], server
    model = client.get_model_metadata(MODEL)
    assert [tensor["name"] for tensor in model["inputs"]] == list(NAMES), model
    for version in model["versions"]:
        assert client.is_model_ready(MODEL, version)
        assert client.get_model_metadata(MODEL, version)["name"] == MODEL
        assert client.infer(MODEL, inputs(is_binary=True), model_version=version).as_numpy("predict").tolist() == KINDS
    assert client.get_model_config(MODEL)["name"] == MODEL
    assert [each["name"] for each in client.get_model_repository_index()] == [MODEL]
    assert client.get_inference_statistics(MODEL)["model_stats"][0]["name"] == MODEL
    assert client.get_inference_statistics()["model_stats"][0]["name"] == MODEL

    for is_binary in (True, False):
        for tensors in (inputs(is_binary=is_binary), matrix(is_binary=is_binary)):
            result = client.infer(MODEL, tensors, request_id="order-66")
            assert result.as_numpy("predict").tolist() == KINDS
            assert result.get_response()["id"] == "order-66"
            assert result.get_output("predict")["datatype"] == "INT64"
            assert result.get_output("no-such-output") is None
            for is_answer_binary in (True, False):
                wanted = [InferRequestedOutput("predict", binary_data=is_answer_binary)]
                assert client.infer(MODEL, tensors, outputs=wanted).as_numpy("predict").tolist() == KINDS
    for datatype, dtype in (("FP32", "float32"), ("FP16", "float16")):
        result = client.infer(MODEL, inputs(is_binary=True, dtype=dtype, datatype=datatype))
        assert result.as_numpy("predict").tolist() == KINDS

    several = [client.async_infer(MODEL, inputs(is_binary=True), request_id=str(number)) for number in range(20)]
    assert [request.get_result().get_response()["id"] for request in several] == [str(number) for number in range(20)]
    priority = {"priority": 1, "timeout": 60_000_000, "parameters": {"note": "a"}}
    assert client.infer(MODEL, inputs(is_binary=True), **priority).as_numpy("predict").tolist() == KINDS

    body, length = InferenceServerClient.generate_request_body(inputs(is_binary=True), outputs=None)
    assert json.loads(body[:length])["inputs"][0]["name"] == NAMES[0]

    unknown = "Request for unknown model"
    refused(lambda: client.infer("no-such-model", inputs(is_binary=True)), unknown)
    refused(lambda: client.get_model_metadata("no-such-model"), unknown)
    refused(lambda: client.infer(MODEL, inputs(is_binary=True)[:3]), NAMES[3])
    refused(lambda: client.infer(MODEL, inputs(is_binary=True), outputs=[InferRequestedOutput("a")]), "a")
    # What Foreseen does not have is an error that the client can show, not an answer that it cannot read.
    for absent in (client.get_trace_settings, client.get_log_settings, client.get_system_shared_memory_status):
        refused(absent, "")
    refused(lambda: client.load_model(MODEL), "")
    refused(lambda: client.unload_model(MODEL), "")
