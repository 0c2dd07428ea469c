"""Texts, missing numbers, several outputs and regrouped batches, by tritonclient.http: URL MODEL."""

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException

from clients.flowers import MODEL, URL

COLOURS, LIGHT = ["red", "green", "blue"], ["light", "heavy", "heavy"]


def inputs(*, is_binary: bool, dtype: str = "object", heights: str = "FP64") -> list[InferInput]:
    """Return a text and two numbers, one of which is missing in the second row."""
    weights = np.array([1.0, np.nan if is_binary else 2.0, 3.0])
    numbers = np.array([3.0, 4.0, 5.0]).astype({"FP64": "float64", "FP32": "float32", "INT64": "int64"}[heights])
    colour = InferInput("colour", [3], "BYTES")
    texts = np.array([text.encode() for text in COLOURS] if dtype.startswith("S") else COLOURS, dtype=dtype)
    colour.set_data_from_numpy(texts, binary_data=is_binary)
    weight = InferInput("weight", [3], "FP64")
    weight.set_data_from_numpy(weights, binary_data=is_binary)
    height = InferInput("height", [3], heights)
    height.set_data_from_numpy(numbers, binary_data=is_binary)
    return [colour, weight, height]


def proved(result: InferResult) -> np.ndarray:
    """Assert the labels; return the probabilities."""
    labels = result.as_numpy("predict")
    assert [each.decode() if isinstance(each, bytes) else each for each in labels] == LIGHT, labels
    probabilities: np.ndarray = result.as_numpy("predict_proba")
    assert probabilities.shape == (3, 2), probabilities
    assert np.allclose(probabilities.sum(axis=1), 1.0), probabilities
    return probabilities


with InferenceServerClient(URL) as client:
    outputs = {each["name"]: each for each in client.get_model_metadata(MODEL)["outputs"]}
    assert outputs["predict"]["datatype"] == "BYTES", outputs
    assert outputs["predict_proba"]["shape"] == [-1, 2], outputs

    for dtype in ("object", "S8"):
        first = proved(client.infer(MODEL, inputs(is_binary=True, dtype=dtype)))
        again = proved(client.infer(MODEL, inputs(is_binary=True, dtype=dtype)))
        assert first.tobytes() == again.tobytes()
    for is_binary in (True, False):
        for heights in ("FP32", "INT64"):
            proved(client.infer(MODEL, inputs(is_binary=is_binary, heights=heights)))
        for is_answer_binary in (True, False):
            names = ("predict_proba", "predict")
            wanted = [InferRequestedOutput(name, binary_data=is_answer_binary) for name in names]
            result = client.infer(MODEL, inputs(is_binary=is_binary), outputs=wanted)
            assert [each["name"] for each in result.get_response()["outputs"]] == list(names)
            proved(result)
    mixed = [
        InferRequestedOutput("predict", binary_data=False),
        InferRequestedOutput("predict_proba", binary_data=True),
    ]
    proved(client.infer(MODEL, inputs(is_binary=True), outputs=mixed))
    alone = client.infer(MODEL, inputs(is_binary=True), outputs=mixed[1:])
    assert alone.as_numpy("predict") is None

    try:
        unknown = inputs(is_binary=True)
        unknown[0].set_data_from_numpy(np.array(["red", "purple", "blue"], dtype=object))
        client.infer(MODEL, unknown)
    except InferenceServerException as error:
        assert "purple" in str(error), str(error)
    else:
        raise AssertionError("expected an error")
