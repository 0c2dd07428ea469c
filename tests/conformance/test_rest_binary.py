"""Tensors as bytes after the JSON: Triton's extension, which every default call of tritonclient takes."""

from typing import Any

import pytest

from conformance.levels import extension, not_applicable, not_served
from conformance.model import FLOWERS, Model
from conformance.rest import Reply, RestServer
from conformance.tensors import flat, nested, packed, unpacked

NAME = "binary_tensor_data"
binary = extension(NAME)
HEADER = "Inference-Header-Content-Length"


@pytest.fixture(scope="module", autouse=True)
def _is_served(rest: RestServer, model: Model) -> None:
    request, blobs = model.binary()
    listed = rest.get("v2").accepted().get("extensions", [])
    if NAME not in listed and rest.infer_binary(request, blobs).status != 200:
        not_served(NAME)


def outputs_of(reply: Reply) -> dict[str, list[Any]]:
    """Return the values of the outputs of a reply that has bytes after its JSON, or none."""
    assert reply.status == 200, f"expected 200, got {reply.brief}"
    if HEADER not in reply.headers:
        return {name: flat(output["data"]) for name, output in reply.outputs().items()}
    length = int(reply.headers[HEADER])
    head = Reply(200, {}, reply.body[:length]).accepted()
    at, found = length, {}
    for output in head["outputs"]:
        size = (output.get("parameters") or {}).get("binary_data_size")
        if size is None:
            found[output["name"]] = flat(output["data"])
        else:
            assert "data" not in output, f"{output['name']} has both data and bytes"
            found[output["name"]] = unpacked(reply.body[at : at + size], output["datatype"])
            at += size
    assert at == len(reply.body), f"{len(reply.body) - at} bytes are left over"
    return found


def kinds_of(reply: Reply) -> dict[str, bool]:
    """Return which outputs of a reply are bytes."""
    assert reply.status == 200, f"expected 200, got {reply.brief}"
    length = int(reply.headers.get(HEADER, len(reply.body)))
    head = Reply(200, {}, reply.body[:length]).accepted()
    return {each["name"]: "binary_data_size" in (each.get("parameters") or {}) for each in head["outputs"]}


@binary
def test_extension_is_listed(rest: RestServer) -> None:
    """The server's metadata lists binary_tensor_data. extension_binary_data.md, "Binary Tensor Data Extension"."""
    listed = rest.get("v2").accepted()["extensions"]
    assert NAME in listed, f"got {listed}"


@binary
def test_binary_inputs_mean_the_same(rest: RestServer, model: Model) -> None:
    """Bytes in row-major order and little-endian mean what JSON means.

    extension_binary_data.md, "Binary Tensor Request".
    """
    request, blobs = model.binary(FLOWERS)
    expected = outputs_of(rest.infer(model.request(FLOWERS)))
    assert outputs_of(rest.infer_binary(request, blobs)) == expected


@binary
def test_binary_fp32_means_the_same(rest: RestServer, model: Model) -> None:
    """FP32 in bytes and FP32 in JSON are the same numbers: JSON is converted in the declared datatype."""
    request, blobs = model.binary(FLOWERS, "FP32")
    expected = outputs_of(rest.infer(model.request(FLOWERS, "FP32")))
    assert outputs_of(rest.infer_binary(request, blobs)) == expected


@binary
def test_binary_replies(rest: RestServer, model: Model) -> None:
    """With binary_data_output all outputs are bytes after the JSON, whose length the header has.

    extension_binary_data.md.
    """
    reply = rest.infer(model.request(FLOWERS, parameters={"binary_data_output": True}))
    assert all(kinds_of(reply).values()), f"got {kinds_of(reply)}"
    assert outputs_of(reply) == outputs_of(rest.infer(model.request(FLOWERS)))


@binary
def test_binary_replies_are_octets(rest: RestServer, model: Model) -> None:
    """Their Content-Type is application/octet-stream. Triton, http_server.cc."""
    reply = rest.infer(model.request(parameters={"binary_data_output": True}))
    kind = reply.headers.get("content-type", "none")
    assert kind == "application/octet-stream", f"got {kind}"


@binary
def test_binary_by_output(rest: RestServer, model: Model) -> None:
    """An output with parameters.binary_data is bytes. extension_binary_data.md, "binary_data"."""
    name = next(iter(rest.infer(model.request()).outputs()))
    wanted = [{"name": name, "parameters": {"binary_data": True}}]
    assert kinds_of(rest.infer(model.request(outputs=wanted))) == {name: True}


@binary
@pytest.mark.parametrize("own", [True, False])
def test_an_output_decides_before_the_request(rest: RestServer, model: Model, own: bool) -> None:
    """binary_data of an output wins over binary_data_output of the request.

    KServe, test_binary_data_parameter_precedence.
    """
    name = next(iter(rest.infer(model.request()).outputs()))
    wanted = [{"name": name, "parameters": {"binary_data": own}}]
    reply = rest.infer(model.request(outputs=wanted, parameters={"binary_data_output": not own}))
    assert kinds_of(reply) == {name: own}, f"got {kinds_of(reply)}"


@binary
def test_binary_replies_have_the_id(rest: RestServer, model: Model) -> None:
    """The id comes back in the JSON of a binary reply."""
    reply = rest.infer(model.request(id="order-66", parameters={"binary_data_output": True}))
    head = Reply(200, {}, reply.body[: int(reply.headers[HEADER])]).accepted()
    assert head.get("id") == "order-66", f"got {head.get('id')}"


@binary
@pytest.mark.parametrize("kind", ["", "application/octet-stream"], ids=["none", "octets"])
def test_binary_of_any_content_type(rest: RestServer, model: Model, kind: str) -> None:
    """The header decides what a body is:

    tritonclient sends no Content-Type, kserve's client application/octet-stream.
    """
    request, blobs = model.binary()
    headers = {"Content_Type": kind} if kind else {}
    outputs_of(rest.infer_binary(request, blobs, **headers))


@binary
def test_one_input_binary_another_in_json(rest: RestServer, model: Model) -> None:
    """Each input is of its own kind; bytes follow in the order of the inputs that have a size.

    extension_binary_data.md.
    """
    if len(model.inputs) == 1:
        not_applicable("the model has one input")
    request = model.request(FLOWERS)
    expected = outputs_of(rest.infer(request))
    blobs = b""
    for tensor in request["inputs"][1::2]:
        blob = packed(tensor.pop("data"), tensor["datatype"])
        tensor["parameters"] = {"binary_data_size": len(blob)}
        blobs += blob
    assert outputs_of(rest.infer_binary(request, blobs)) == expected


@binary
@pytest.mark.parametrize("length", ["a", "-1", "100000", "99999999999", "1.5", ""])
def test_header_that_is_no_length_of_the_body(rest: RestServer, model: Model, length: str) -> None:
    """The header is a number from 0 to the length of the body: else an error. Triton, http_server.cc and L0_http."""
    request, blobs = model.binary()
    rest.infer_binary(request, blobs, Inference_Header_Content_Length=length).rejected()
    outputs_of(rest.infer(model.request()))


@binary
def test_too_few_bytes(rest: RestServer, model: Model) -> None:
    """A body that ends before its tensors do is an error. Triton, http_server.cc."""
    request, blobs = model.binary(FLOWERS)
    rest.infer_binary(request, blobs[:-1]).rejected()


@binary
def test_bytes_left_over(rest: RestServer, model: Model) -> None:
    """A body that is longer than its tensors is an error. Triton, http_server.cc."""
    request, blobs = model.binary(FLOWERS)
    rest.infer_binary(request, blobs + b"\0").rejected()


@binary
def test_size_that_is_not_the_shapes(rest: RestServer, model: Model) -> None:
    """binary_data_size is the product of the shape and the size of the datatype. extension_binary_data.md."""
    request, blobs = model.binary(FLOWERS)
    tensor = request["inputs"][0]
    tensor["shape"] = [4, *tensor["shape"][1:]]
    rest.infer_binary(request, blobs).rejected()


@binary
@pytest.mark.parametrize("size", ["24", -8, 1.5, True], ids=str)
def test_size_that_is_no_count(rest: RestServer, model: Model, size: object) -> None:
    """binary_data_size is a count of bytes: anything else is an error. extension_binary_data.md."""
    request, blobs = model.binary(FLOWERS)
    request["inputs"][0]["parameters"]["binary_data_size"] = size
    rest.infer_binary(request, blobs).rejected()


@binary
def test_overflowing_shape_of_bytes(rest: RestServer, model: Model) -> None:
    """A shape whose product overflows 64 bits to the right size is an error. Triton, L0_http."""
    request, blobs = model.binary(FLOWERS)
    request["inputs"][0]["shape"] = [2**33, 2**31, 1]
    rest.infer_binary(request, blobs).rejected()


@binary
def test_both_data_and_bytes(rest: RestServer, model: Model) -> None:
    """An input has data or bytes, not both. extension_binary_data.md: "data" must not be there."""
    request, blobs = model.binary()
    request["inputs"][0]["data"] = model.tensors()[0]["data"]
    rest.infer_binary(request, blobs).rejected()


@binary
def test_json_that_is_cut_by_the_header(rest: RestServer, model: Model) -> None:
    """A header that ends within the JSON is an error."""
    request, blobs = model.binary()
    rest.infer_binary(request, blobs, Inference_Header_Content_Length="10").rejected()


@binary
def test_raw_request(rest: RestServer, model: Model) -> None:
    """With the header 0 the body is the one input's bytes, and the outputs are bytes.

    extension_binary_data.md, "Raw Binary Request".
    """
    if len(model.inputs) > 1:
        not_applicable("the model has several inputs")
    values = model.tensors(FLOWERS)[0]["data"]
    reply = rest.post(f"{rest.model_path}/infer", packed(values, model.inputs[0].datatype), {HEADER: "0"})
    assert outputs_of(reply) == outputs_of(rest.infer(model.request(FLOWERS)))
    assert all(kinds_of(reply).values()), f"got {kinds_of(reply)}"


@binary
def test_fp16_is_not_sent_in_json(rest: RestServer, model: Model) -> None:
    """JSON has no form of FP16: an error. KServe, test_fp16_input; Triton's extension_binary_data.md."""
    rest.infer(model.request(FLOWERS, "FP16")).rejected()


@binary
def test_fp16_in_bytes(rest: RestServer, model: Model) -> None:
    """FP16 comes as bytes, and is taken where FP32 is. KServe, test_fp16_input."""
    request, blobs = model.binary(FLOWERS, "FP16")
    outputs_of(rest.infer_binary(request, blobs))


@binary
def test_nested_data_beside_binary_replies(rest: RestServer, model: Model) -> None:
    """Nested data in JSON may be answered in bytes: tritonclient asks so by default (binary_data_output)."""
    request = model.request(FLOWERS, parameters={"binary_data_output": True})
    for tensor in request["inputs"]:
        tensor["data"] = nested(tensor["data"], tensor["shape"])
    assert outputs_of(rest.infer(request)) == outputs_of(rest.infer(model.request(FLOWERS)))
