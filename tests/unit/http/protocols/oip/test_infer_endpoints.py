"""POST /v2/models/NAME/infer: tensors in JSON and in binary, from the same cache as /predict."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.domain.errors import PredictionError
from foreseen.domain.values.signature import Feature, Signature
from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around, wired_with
from support.models import iris_forest, save
from support.own_models import Choosing, Telling

ROW = [5.1, 3.5, 1.4, 0.2]
LENGTH = "inference-header-content-length"


@pytest.fixture
def sums() -> Iterator[Service]:
    """A service whose model adds up length and width."""
    with service(wired_around(FakePredictor(), name="sums", max_rows=5)) as client:
        yield client


def tensor(name: str, values: Any, datatype: str = "FP64", shape: Sequence[int] | None = None) -> dict[str, Any]:
    """Return an input with its data in JSON."""
    data = values if isinstance(values, list) else values.tolist()
    return {"name": name, "datatype": datatype, "shape": shape or list(np.shape(values)), "data": data}


def infer(client: Service, *inputs: Any, name: str = "sums", more: Any = None, **fields: str) -> Reply:
    """Send inputs in JSON, with further members."""
    return send(client, {"inputs": list(inputs), **(more or {})}, name=name, **fields)


def send(
    client: Service, body: object, path: str = "/v2/models/{}/infer", *, name: str = "sums", **fields: str
) -> Reply:
    """Send a body: bytes as they are, anything else as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.send("POST", path.format(name), parts=[sent], headers=JSON | fields)


def send_binary(client: Service, head: object, *blobs: bytes, name: str = "sums", **fields: str) -> Reply:
    """Send JSON and what follows it, as Triton's client does: without a Content-Type."""
    start = json.dumps(head).encode()
    parts = [start + b"".join(blobs)]
    headers = {LENGTH: str(len(start)), **fields}
    return client.send("POST", f"/v2/models/{name}/infer", parts=parts, headers=headers)


def binary(name: str, values: "np.ndarray[Any, Any]", datatype: str) -> dict[str, Any]:
    """Return an input whose data follows."""
    size = {"parameters": {"binary_data_size": values.nbytes}}
    return {"name": name, "datatype": datatype, "shape": list(values.shape), **size}


def output_of(reply: Reply) -> dict[str, Any]:
    """Return the only output of an answer in JSON."""
    assert reply.status == 200, reply.body
    [output] = reply.json()["outputs"]
    return dict(output)


def parts_of(reply: Reply) -> tuple[dict[str, Any], bytes]:
    """Return the JSON of an answer with binary data, and what follows it."""
    assert (reply.status, reply.headers["content-type"]) == (200, "application/octet-stream"), reply.body
    end = int(reply.headers[LENGTH])
    return json.loads(reply.body[:end]), reply.body[end:]


COLUMNS = (tensor("width", [2, 4]), tensor("length", [1, 3]))


class TestInputs:
    @pytest.mark.parametrize(
        "inputs",
        [
            COLUMNS,
            COLUMNS[::-1],
            (tensor("length", [[1], [3]]), tensor("width", [2, 4])),
            (tensor("length", [1, 3], shape=[2, 1]), tensor("width", [2, 4], "INT8")),
            (tensor("length", [1, 3], "UINT64"), tensor("width", [2.0, 4], "FP32")),
            (tensor("input-0", [[1, 2], [3, 4]]),),
            (tensor("predict", [1, 2, 3, 4], shape=[2, 2]),),
            (tensor("length", [[1, 2], [3, 4]]),),
            (tensor("x", [[1, 2], [3, 4]], "INT64"),),
        ],
    )
    def test_a_tensor_of_each_feature_or_a_matrix_of_all(self, sums: Service, inputs: Any) -> None:
        reply = infer(sums, *inputs)

        assert reply.headers["content-type"] == "application/json"
        assert reply.json() == {
            "model_name": "sums",
            "model_version": "1",
            "outputs": [{"name": "predict", "datatype": "FP64", "shape": [2], "data": [3.0, 7.0]}],
        }

    def test_members_that_are_no_instances_never_enter_a_key(self, sums: Service) -> None:
        more = {"id": "an id", "model_name": "another", "parameters": {"content_type": "pd"}, "timeout": 1}

        assert infer(sums, *COLUMNS).cache_status.startswith("foreseen; fwd=miss")
        reply = infer(sums, *COLUMNS, more=more)
        assert (reply.json()["id"], reply.cache_status) == ("an id", "foreseen; hit; detail=L1")

    def test_a_row_has_one_key_here_and_at_predict(self, sums: Service) -> None:
        sums.post({"instances": [[1, 2]]})
        assert infer(sums, tensor("a", [[1, 2]])).cache_status == "foreseen; hit; detail=L1"
        infer(sums, tensor("a", [[5, 6]]))
        assert sums.post({"length": 5, "width": 6}).cache_status == "foreseen; hit; detail=L1"

    def test_numbers_are_converted_in_the_datatype_that_is_declared(self, sums: Service) -> None:
        infer(sums, tensor("a", [[6.8, 0]], "FP32"))
        values = np.array([[6.8, 0]], np.float32)
        head = {"inputs": [binary("a", values, "FP32")]}

        assert send_binary(sums, head, values.tobytes()).cache_status == "foreseen; hit; detail=L1"
        assert infer(sums, tensor("a", [[6.8, 0]])).cache_status.startswith("foreseen; fwd=miss")
        assert sums.post({"length": float(np.float32(6.8)), "width": 0}).cache_status == "foreseen; hit; detail=L1"

    def test_a_tensor_is_an_instance_under_any_name(self) -> None:
        signature = Signature((Feature("image", "float32", (2, 2)),))
        with service(wired_around(FakePredictor(signature), name="sums")) as client:
            for name in ("image", "pixels"):
                given = tensor(name, [[[1, 2], [3, 4]], [[0, 0], [0, 1]]], "FP32")
                assert output_of(infer(client, given))["data"] == [10.0, 1.0]
            raw = np.ones((3, 2, 2), "<f4").tobytes()
            reply = send(client, raw, **{LENGTH: "0"})
        assert np.frombuffer(parts_of(reply)[1], "<f8").tolist() == [4.0, 4.0, 4.0]

    def test_null_and_nan_are_missing_and_a_whole_column_may_be(self) -> None:
        features = (
            Feature("a", missing=True),
            Feature("b", "string", missing=True),
            Feature("c", "int8", missing=True),
        )
        with service(wired_around(FakePredictor(Signature(features)), name="sums")) as client:
            client.post({"a": None, "b": None, "c": None})
            nulls = [tensor("a", [None]), tensor("b", [None], "BYTES", [1]), tensor("c", [None], "INT8", [1])]
            nulls[0]["shape"] = [1]
            nan = np.array([np.nan])
            head = {"inputs": [binary("a", nan, "FP64")]}
            for reply in (infer(client, *nulls), infer(client, nulls[1]), send_binary(client, head, nan.tobytes())):
                assert reply.cache_status == "foreseen; hit; detail=L1"
            assert infer(client, *nulls[::2], tensor("b", [""], "BYTES", [1])).cache_status.startswith("foreseen; fwd")

    def test_texts_are_the_same_in_json_and_in_binary(self) -> None:
        features = (Feature("word", "string"), Feature("day", "datetime"), Feature("n", "int16"))
        with service(wired_around(FakePredictor(Signature(features)), name="sums")) as client:
            client.post({"word": "größe", "day": "2024-01-02", "n": 7})
            texts = {"word": "größe", "day": "2024-01-02T00:00:00"}
            number = tensor("n", [7], "INT16")
            given = [tensor(name, [text], "BYTES", [1]) for name, text in texts.items()]
            assert infer(client, *given, number).cache_status == "foreseen; hit; detail=L1"
            blobs = [struct.pack("<I", len(text.encode())) + text.encode() for text in texts.values()]
            heads = [
                {**each, "data": None, "parameters": {"binary_data_size": len(blob)}}
                for each, blob in zip(given, blobs, strict=True)
            ]
            reply = send_binary(client, {"inputs": [heads[0], number, heads[1]]}, *blobs)
        assert reply.cache_status == "foreseen; hit; detail=L1"

    def test_a_field_that_the_model_ignores_may_be_there(self) -> None:
        signature = Signature((Feature("a"), Feature("b")), ignored=("c",))
        with service(wired_around(FakePredictor(signature), name="sums")) as client:
            reply = infer(client, tensor("a", [1]), tensor("b", [2]), tensor("c", ["x"], "BYTES", [1]))
        assert output_of(reply)["data"] == [3.0]


A, B = COLUMNS[1], COLUMNS[0]
BAD: Mapping[str, tuple[Any, str]] = {
    "a list": ([], 'expected an object with "inputs", got a list'),
    "no inputs": ({}, 'expected an object with "inputs", a list of one tensor or more, got none'),
    "inputs of another kind": ({"inputs": {}}, "inputs: expected a list of tensors, got an object"),
    "no tensor": ({"inputs": [1]}, "inputs[0]: expected a tensor, which is an object, got a number"),
    "no name": ({"inputs": [{}]}, "inputs[0].name: expected a name, got null"),
    "an id that is no string": ({"id": 5, "inputs": [A, B]}, "id: expected a string, got 5"),
    "parameters of another kind": ({"inputs": [A, B], "parameters": 1}, "parameters: expected an object, got a number"),
    "an unknown datatype": (
        {"inputs": [A | {"datatype": "FLOAT"}]},
        "inputs.length.datatype: expected one of BOOL, UINT8,",
    ),
    "no datatype": ({"inputs": [A | {"datatype": None}]}, "inputs.length.datatype: expected one of"),
    "FP16 in JSON": ({"inputs": [A | {"datatype": "FP16"}]}, "inputs.length: expected FP16 as binary data"),
    "no shape": (
        {"inputs": [A | {"shape": None}]},
        "inputs.length.shape: expected a list of 1 to 32 lengths, got null",
    ),
    "no dimension": (
        {"inputs": [A | {"shape": []}]},
        "inputs.length.shape: expected a list of 1 to 32 lengths, got []",
    ),
    "a negative length": (
        {"inputs": [A | {"shape": [-2]}]},
        "inputs.length.shape: expected lengths that are integers from 1, got -2",
    ),
    "a length of zero": ({"inputs": [A | {"shape": [0]}]}, "inputs.length.shape: expected lengths that are integers"),
    "a length in text": ({"inputs": [A | {"shape": ["2"]}]}, "inputs.length.shape: expected lengths that are integers"),
    "a fraction": ({"inputs": [A | {"shape": [2.5]}]}, "inputs.length.shape: expected lengths that are integers"),
    "true": ({"inputs": [A | {"shape": [True]}]}, "inputs.length.shape: expected lengths that are integers"),
    "a length beyond 64 bits": ({"inputs": [A | {"shape": [2**64]}]}, "inputs.length.shape: expected lengths that are"),
    "too few values": (
        {"inputs": [A | {"shape": [3]}, B]},
        "inputs.length.data: expected 3 values for shape [3], got 2",
    ),
    "too many values": (
        {"inputs": [A | {"shape": [1]}, B]},
        "inputs.length.data: expected 1 values for shape [1], got 2",
    ),
    "ragged lists": (
        {"inputs": [tensor("a", [[1, 2], [3]], shape=[2, 2])]},
        "inputs.a.data: expected lists within lists of shape [2, 2], or one flat list, got a list of 1",
    ),
    "lists too deep": (
        {"inputs": [tensor("a", [[[1], [2]]], shape=[1, 2])]},
        "inputs.a.data[0]: expected a number that FP64 can hold (FP64), got [1]",
    ),
    "a flat list with a list": (
        {"inputs": [tensor("a", [1, [2]], shape=[1, 2])]},
        "inputs.a.data[1]: expected a number that FP64 can hold (FP64), got [2]",
    ),
    "no list": ({"inputs": [A | {"data": 5}]}, "inputs.length.data: expected a list of the values"),
    "no data": ({"inputs": [A | {"data": None}]}, "inputs.length: expected data or binary_data_size, got neither"),
    "both": (
        {"inputs": [A | {"parameters": {"binary_data_size": 16}}]},
        "inputs.length: expected either data or binary_data_size, got both",
    ),
    "a size without the header field": (
        {"inputs": [A | {"data": None, "parameters": {"binary_data_size": 16}}, B]},
        "expected Inference-Header-Content-Length, the length of the JSON before binary data, got none",
    ),
    "a size in text": (
        {"inputs": [A | {"data": None, "parameters": {"binary_data_size": "16"}}, B]},
        "inputs.length.parameters.binary_data_size: expected a number of bytes",
    ),
    "a size of null": (
        {"inputs": [A | {"data": None, "parameters": {"binary_data_size": None}}, B]},
        "inputs.length.parameters.binary_data_size: expected a number of bytes, got null",
    ),
    "shared memory": (
        {"inputs": [A | {"parameters": {"shared_memory_region": "a"}}]},
        "inputs.length: expected data or binary_data_size, got shared memory, which is not served",
    ),
    "a text for a number": (
        {"inputs": [A | {"data": ["a", 2]}, B]},
        'inputs.length.data[0]: expected a number that FP64 can hold (FP64), got "a"',
    ),
    "a number for a text": (
        {"inputs": [A | {"datatype": "BYTES"}, B]},
        "inputs.length.data[0]: expected a string (BYTES), got 1",
    ),
    "texts for a feature of numbers": (
        {"inputs": [A | {"datatype": "BYTES", "data": ["1", "2"]}, B]},
        'instances[0].length: expected a number, got "1"; and 1 more',
    ),
    "an integer beyond its datatype": (
        {"inputs": [A | {"datatype": "UINT8", "data": [1, 256]}, B]},
        "inputs.length.data[1]: expected an integer from 0 to 255 (UINT8), got 256",
    ),
    "a negative number without a sign": (
        {"inputs": [A | {"datatype": "UINT64", "data": [1, -1]}, B]},
        "inputs.length.data[1]: expected an integer from 0 to 18446744073709551615 (UINT64), got -1",
    ),
    "a fraction for an integer": (
        {"inputs": [A | {"datatype": "INT64", "data": [1.5, 1]}, B]},
        "inputs.length.data[0]: expected an integer from -9223372036854775808",
    ),
    "two for a bool": (
        {"inputs": [A | {"datatype": "BOOL", "data": [True, 2]}, B]},
        "inputs.length.data[1]: expected true or false (BOOL), got 2",
    ),
    "an integer that no float64 is": (
        {"inputs": [A | {"datatype": "INT64", "data": [2**53 + 1, 1]}, B]},
        "instances[0].length: expected an integer from -2^53 to 2^53, got 9007199254740993",
    ),
    "a number beyond float32": (
        {"inputs": [A | {"datatype": "FP32", "data": [1, 1e39]}, B]},
        "inputs.length.data[1]: expected a number that FP32 can hold (FP32), got 1e+39",
    ),
    "an integer beyond every float": (
        {"inputs": [A | {"datatype": "FP32", "data": [1, 10**400]}, B]},
        "inputs.length.data[1]: expected a number that FP32 can hold (FP32), got 1000",
    ),
    "a missing value where none may be": (
        {"inputs": [A | {"data": [1, None]}, B]},
        "instances[1].length: expected a number, got NaN",
    ),
    "infinity": ({"inputs": [A | {"data": [1, 1e999]}, B]}, "instances[1].length: expected a finite float64 number"),
    "an input twice": ({"inputs": [A, A]}, "inputs: expected each name once, got length twice"),
    "a feature that lacks": (
        {"inputs": [A]},
        "inputs: expected a tensor of each feature (length, width), got none of width",
    ),
    "an input of no feature": (
        {"inputs": [A, B, A | {"name": "wdth"}]},
        "inputs.wdth: expected a tensor of a feature (length, width), got another",
    ),
    "a matrix with another number of columns": (
        {"inputs": [tensor("a", [[1, 2, 3]])]},
        "inputs.a: expected a matrix of shape [n, 2], or a tensor of each feature (length, width), got shape [1, 3]",
    ),
    "a row that is no matrix": (
        {"inputs": [tensor("a", [1, 2])]},
        "inputs.a: expected a matrix of shape [n, 2], or a tensor of each feature (length, width), got shape [2]",
    ),
    "a tensor for a single value": (
        {"inputs": [tensor("length", [[1, 2], [3, 4]]), B]},
        "inputs.length.shape: expected [n] or [n, 1], got [2, 2]",
    ),
    "different numbers of instances": (
        {"inputs": [A, tensor("width", [1])]},
        "inputs: expected tensors of the same number of instances, got 2 (length) and 1 (width)",
    ),
    "an unknown output": (
        {"inputs": [A, B], "outputs": [{"name": "probabilities"}]},
        "outputs.probabilities: expected outputs of the model (predict), got another",
    ),
    "an output twice": (
        {"inputs": [A, B], "outputs": [{"name": "predict"}, {"name": "predict"}]},
        "outputs: expected each name once, got predict twice",
    ),
    "an output without a name": ({"inputs": [A, B], "outputs": [{}]}, "outputs[0].name: expected a name, got null"),
    "a flag in text": (
        {"inputs": [A, B], "outputs": [{"name": "predict", "parameters": {"binary_data": "yes"}}]},
        'outputs.predict.parameters.binary_data: expected true or false, got "yes"',
    ),
    "a flag of all in text": (
        {"inputs": [A, B], "parameters": {"binary_data_output": 1}},
        "parameters.binary_data_output: expected true or false, got 1",
    ),
    "classification": (
        {"inputs": [A, B], "outputs": [{"name": "predict", "parameters": {"classification": 3}}]},
        "outputs.predict: expected no classification, which is not served",
    ),
}


class TestProblems:
    @pytest.mark.parametrize(("body", "said"), BAD.values(), ids=BAD.keys())
    def test_a_malformed_request_is_one_error(self, sums: Service, body: Any, said: str) -> None:
        require_error(send(sums, body), 400, said)

    def test_what_is_no_json_is_an_error(self, sums: Service) -> None:
        for body, said in ((b"", "expected JSON, got nothing"), (b"{", "expected JSON, got"), (b"[" * 300, "expected")):
            require_error(send(sums, body), 400, said)

    @pytest.mark.parametrize("shape", [[6], [6, 2], [2**62, 2**62], [2**40, 2**40, 2**40]])
    def test_too_many_values_are_rejected_before_they_are_read(self, sums: Service, shape: list[int]) -> None:
        reply = infer(sums, {"name": "length", "datatype": "FP64", "shape": shape, "data": [1, 2]})

        assert reply.status in (400, 413)
        assert "error" in reply.json()

    def test_too_many_instances_are_rejected(self, sums: Service) -> None:
        require_error(infer(sums, tensor("a", [[1, 2]] * 6)), 413, "expected at most 5 instances in one request")

    @pytest.mark.parametrize("path", ["/v2/models/other/infer", "/v2/models/other/versions/1/infer"])
    def test_another_model_is_unknown(self, sums: Service, path: str) -> None:
        require_error(send(sums, {"inputs": COLUMNS}, path), 404, "Request for unknown model: 'other' is not found")

    def test_another_version_is_unknown(self, sums: Service) -> None:
        fingerprint = sums.predict.predictor.info.fingerprint.hex()[:12]
        for version in ("1", fingerprint):
            reply = send(sums, {"inputs": COLUMNS}, f"/v2/models/{{}}/versions/{version}/infer")
            assert (reply.status, reply.json()["model_version"]) == (200, version)
        reply = send(sums, {"inputs": COLUMNS}, "/v2/models/{}/versions/2/infer")
        require_error(reply, 404, "Request for unknown model: 'sums' version '2' is not found")

    def test_another_media_type_is_rejected(self, sums: Service) -> None:
        reply = send(sums, {"inputs": COLUMNS}, **{"content-type": "text/csv"})
        require_error(reply, 415, "expected Content-Type: application/json or application/octet-stream, got text/csv")
        reply = send(sums, {"inputs": COLUMNS}, **{"content-encoding": "gzip"})
        require_error(reply, 415, "expected a body without Content-Encoding, got gzip")

    @pytest.mark.parametrize("path", ["/v2/models/sums/generate", "/v2/nothing", "/v2/models/sums/versions/1/x"])
    def test_unknown_paths_and_methods_are_errors_of_the_protocol(self, sums: Service, path: str) -> None:
        require_error(sums.send("POST", path, headers={"accept": "text/html"}), 404, "expected a path such as")

    def test_another_method_is_an_error_of_the_protocol(self, sums: Service) -> None:
        require_error(sums.get("/v2/models/sums/infer"), 405, "expected")

    def test_a_model_that_fails_is_an_error_of_the_protocol(self) -> None:
        predictor = FakePredictor()
        with service(wired_around(predictor, name="sums")) as client:
            predictor.error = PredictionError("expected a model, got a mess")
            reply = infer(client, *COLUMNS)
        require_error(reply, 500, "")


def require_error(reply: Reply, status: int, said: str) -> None:
    """Assert that a reply is an error as clients of the protocol read it, and a problem document as well."""
    members = reply.json()
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json"), reply.body
    assert (members["status"], members["detail"]) == (status, members["error"])
    assert members["error"].startswith(said), members["error"]
    assert "\n" not in members["error"]


class TestOutputs:
    def test_several_outputs_are_cut_out_of_one_entry(self, tmp_path: Path) -> None:
        wired = wired_with(save(iris_forest(), tmp_path), outputs="predict,predict_proba", name="sums")
        with service(wired) as client:
            both = infer(client, tensor("a", [ROW])).json()["outputs"]
            assert [each["name"] for each in both] == ["predict", "predict_proba"]
            assert both[0] == {"name": "predict", "datatype": "INT64", "shape": [1], "data": [0]}
            assert (both[1]["datatype"], both[1]["shape"], sum(both[1]["data"])) == ("FP64", [1, 3], pytest.approx(1))
            for name, output in (("predict_proba", both[1]), ("predict", both[0]), ("output-0", both[0])):
                reply = infer(client, tensor("a", [ROW]), more={"outputs": [{"name": name}]})
                assert output_of(reply) == {**output, "name": name}
                assert reply.cache_status == "foreseen; hit; detail=L1"

    @pytest.mark.parametrize(
        ("labels", "datatype", "data"),
        [
            ((0, 1), "INT64", [0, 1]),
            ((-5, 2**40), "INT64", [-5, 2**40]),
            ((False, True), "BOOL", [False, True]),
            (("no", "yes"), "BYTES", ["no", "yes"]),
            ((0.5, 2.0), "FP64", [0.5, 2.0]),
        ],
    )
    def test_labels_have_the_datatype_of_the_model(
        self, tmp_path: Path, labels: tuple[Any, ...], datatype: str, data: list[Any]
    ) -> None:
        with service(wired_with(save(Choosing(*labels), tmp_path), name="sums")) as client:
            for _ in range(2):
                output = output_of(infer(client, tensor("a", [[0], [1]])))
                assert output == {"name": "predict", "datatype": datatype, "shape": [2], "data": data}
            more = {"parameters": {"binary_data_output": True}}
            head, blob = parts_of(infer(client, tensor("a", [[0], [1]]), more=more))
        assert head["outputs"] == [
            {"name": "predict", "datatype": datatype, "shape": [2], "parameters": {"binary_data_size": len(blob)}}
        ]
        if datatype == "BYTES":
            assert blob == b"\2\0\0\0no\3\0\0\0yes"
        else:
            assert np.frombuffer(blob, {"INT64": "<i8", "BOOL": "?", "FP64": "<f8"}[datatype]).tolist() == data

    @pytest.mark.parametrize(
        ("answer", "output"),
        [
            ([1.5, 2.5], {"datatype": "FP64", "shape": [1, 2], "data": [1.5, 2.5]}),
            (float("nan"), {"datatype": "FP64", "shape": [1], "data": [None]}),
            ([[1, 2], [3, 4]], {"datatype": "INT64", "shape": [1, 2, 2], "data": [1, 2, 3, 4]}),
            ("text", {"datatype": "BYTES", "shape": [1], "data": ["text"]}),
            (["a", "b"], {"datatype": "BYTES", "shape": [1, 2], "data": ["a", "b"]}),
            ({"a": [1]}, {"datatype": "BYTES", "shape": [1], "data": ['{"a":[1]}']}),
            ([[1], [2, 3]], {"datatype": "BYTES", "shape": [1], "data": ["[[1],[2,3]]"]}),
            (True, {"datatype": "BOOL", "shape": [1], "data": [True]}),
        ],
    )
    def test_other_answers_are_tensors_of_what_json_has(self, tmp_path: Path, answer: Any, output: Any) -> None:
        with service(wired_with(save(Telling([answer]), tmp_path), name="sums", features="a")) as client:
            assert output_of(infer(client, tensor("a", [1.0]))) == {"name": "predict", **output}

    @pytest.mark.parametrize("classes", [(0, 1), ("x", "y")])
    def test_what_a_classifier_builds_itself_is_sent_as_it_is(self, tmp_path: Path, classes: tuple[Any, ...]) -> None:
        model = Telling([classes[0], [classes[1], classes[0]], {"k": 1}], classes_=classes, n_features_in_=1)
        with service(wired_with(save(model, tmp_path), name="sums", features="a", rows_per_call=0)) as client:
            assert output_of(infer(client, tensor("a", [0.0])))["data"] == [classes[0]]
            listed = output_of(infer(client, tensor("a", [1.0])))
            assert (listed["shape"], len(listed["data"])) == ([1, 2], 2)
            together = output_of(infer(client, tensor("a", [0.0, 1.0, 2.0])))
        assert (together["datatype"], together["shape"]) == ("BYTES", [3])
        assert together["data"][2] == '{"k":1}'

    def test_what_is_null_in_json_has_its_bits_in_binary(self, tmp_path: Path) -> None:
        numbers = [float("nan"), float("inf"), float("-inf"), 1.5]
        with service(wired_with(save(Telling(numbers), tmp_path), name="sums", features="a")) as client:
            for _ in range(2):
                given = tensor("a", [0.0, 1.0, 2.0, 3.0])
                assert output_of(infer(client, given))["data"] == [None, None, None, 1.5]
                _, blob = parts_of(infer(client, given, more={"parameters": {"binary_data_output": True}}))
                assert np.array_equal(np.frombuffer(blob, "<f8"), numbers, equal_nan=True)


class TestBinary:
    @pytest.mark.parametrize(
        "dtype", ["<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"]
    )
    def test_every_datatype_is_the_same_in_binary(self, sums: Service, dtype: str) -> None:
        kinds = {"f": "FP", "i": "INT", "u": "UINT"}
        sort = np.dtype(dtype)
        datatype = "BOOL" if sort.kind == "b" else f"{kinds[sort.kind]}{8 * sort.itemsize}"
        values = np.array([[1, 0], [1, 1]], dtype)
        sums.post({"instances": [[1, 0], [1, 1]]})

        reply = send_binary(sums, {"inputs": [binary("a", values, datatype)]}, values.tobytes())

        assert (output_of(reply)["data"], reply.cache_status) == ([1.0, 2.0], "foreseen; hit; detail=L1")

    def test_blobs_follow_in_the_order_of_the_inputs_that_have_one(self, sums: Service) -> None:
        width = np.array([2.0])
        head = {"inputs": [binary("width", width, "FP64"), tensor("length", [1.0])]}
        assert output_of(send_binary(sums, head, width.tobytes()))["data"] == [3.0]

    def test_the_only_input_without_a_size_has_all_that_follows(self, sums: Service) -> None:
        head = {"inputs": [{"name": "a", "datatype": "FP64", "shape": [1, 2]}]}
        assert output_of(send_binary(sums, head, struct.pack("<2d", 1, 2)))["data"] == [3.0]

    def test_a_body_may_be_the_bytes_alone(self, sums: Service) -> None:
        head, blob = parts_of(send(sums, struct.pack("<4d", 1, 2, 3, 4), **{LENGTH: "0"}))

        assert head["outputs"] == [
            {"name": "predict", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}}
        ]
        assert struct.unpack("<2d", blob) == (3.0, 7.0)

    @pytest.mark.parametrize("all_of_them", [None, False, True])
    @pytest.mark.parametrize("its_own", [None, False, True])
    def test_what_an_output_says_wins_over_what_is_said_of_all(
        self, sums: Service, all_of_them: bool | None, its_own: bool | None
    ) -> None:
        output = {"name": "predict"} | ({} if its_own is None else {"parameters": {"binary_data": its_own}})
        more = {"outputs": [output]}
        more |= {} if all_of_them is None else {"parameters": {"binary_data_output": all_of_them}}  # type: ignore[dict-item]

        reply = infer(sums, *COLUMNS, more=more)

        is_binary = bool(all_of_them) if its_own is None else its_own
        assert (reply.headers["content-type"] == "application/octet-stream") == is_binary
        assert (LENGTH in reply.headers) == is_binary

    @pytest.mark.parametrize("content_type", ["application/octet-stream", "application/json", None])
    def test_the_content_type_does_not_matter(self, sums: Service, content_type: str | None) -> None:
        values = np.array([[1.0, 2.0]])
        fields = {} if content_type is None else {"content-type": content_type}
        reply = send_binary(sums, {"inputs": [binary("a", values, "FP64")]}, values.tobytes(), **fields)
        assert output_of(reply)["data"] == [3.0]

    @pytest.mark.parametrize("length", ["x", "-1", "1.5", "99999999999", "", "9" * 30, "+5"])
    def test_a_length_of_the_json_that_is_none_is_rejected(self, sums: Service, length: str) -> None:
        reply = send(sums, {"inputs": COLUMNS}, **{LENGTH: length})

        require_error(reply, 400, "Inference-Header-Content-Length: expected a number of bytes up to the")

    @pytest.mark.parametrize(
        ("change", "size", "said"),
        [
            ({}, 15, "expected 16 bytes of binary data after the JSON, as binary_data_size says, got 15"),
            ({}, 17, "expected 16 bytes of binary data after the JSON, as binary_data_size says, got 17"),
            ({"shape": [2, 2]}, 16, "inputs.a: expected 32 bytes of binary data for FP64 of shape [2, 2], got 16"),
            ({"datatype": "FP16"}, 16, "inputs.a: expected 4 bytes of binary data for FP16 of shape [1, 2], got 16"),
            ({"datatype": "BYTES"}, 16, "inputs.a: expected"),
        ],
    )
    def test_bytes_that_do_not_fit_are_rejected(self, sums: Service, change: Any, size: int, said: str) -> None:
        head = {"inputs": [{**binary("a", np.ones((1, 2)), "FP64"), **change}]}

        require_error(send_binary(sums, head, b"\1" * size), 400, said)

    @pytest.mark.parametrize(
        ("blob", "said"),
        [
            (b"\1\0\0", "inputs.a: expected 1 texts with their lengths before them, got 0"),
            (b"\2\0\0\0a", "inputs.a: expected 2 bytes of binary data, got 1 for text 0"),
            (b"\1\0\0\0\xff", "inputs.a: expected texts in UTF-8, got invalid start byte at byte 0 of text 0"),
            (b"\1\0\0\0ab", "inputs.a: expected 5 bytes of binary data for 1 texts, got 6"),
            (b"\xff\xff\xff\xffa", "inputs.a: expected 4294967295 bytes of binary data, got 1 for text 0"),
        ],
    )
    def test_texts_that_do_not_fit_are_rejected(self, sums: Service, blob: bytes, said: str) -> None:
        given = {"name": "a", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(blob)}}

        require_error(send_binary(sums, {"inputs": [given]}, blob), 400, said)

    def test_raw_bytes_that_are_no_instances_are_rejected(self, sums: Service) -> None:
        for body in (b"", b"1" * 15):
            reply = send(sums, body, **{LENGTH: "0"})
            require_error(reply, 400, f"expected a multiple of 16 bytes, those of an instance, got {len(body)}")

    def test_too_many_raw_instances_are_rejected(self, sums: Service) -> None:
        reply = send(sums, bytes(16 * 6), **{LENGTH: "0"})

        require_error(reply, 413, "expected at most 5 instances in one request")

    def test_raw_bytes_of_several_datatypes_are_rejected(self) -> None:
        signature = Signature((Feature("a"), Feature("b", "int8")))
        with service(wired_around(FakePredictor(signature), name="sums")) as client:
            reply = send(client, b"1" * 9, **{LENGTH: "0"})
        require_error(
            reply, 400, "expected JSON before the binary data, since the model has features of several datatypes"
        )

    def test_only_the_json_of_a_body_is_counted(self, sums: Service) -> None:
        values = np.frombuffer(b"[,,,[,,," * 2 * 5, "<f8").reshape(5, 2)
        reply = send_binary(sums, {"inputs": [binary("a", values, "FP64")]}, values.tobytes())
        assert reply.status == 200
        many = [1.0] * 60_000
        reply = infer(sums, tensor("a", many, shape=[30_000, 2]))
        require_error(reply, 413, "expected at most")
