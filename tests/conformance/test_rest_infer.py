"""Inference over REST: what has to be answered."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from conformance.levels import must, not_applicable, should
from conformance.model import FLOWERS, Model
from conformance.rest import JSON, RestServer
from conformance.tensors import DATATYPES, flat, nested

KNOWN_PARAMETERS = {"text": "a", "number": 1.5, "count": 3, "switch": True}


@must
def test_infer_answers_a_row(rest: RestServer, model: Model) -> None:
    """POST v2/models/M/infer gives outputs of "name", "shape", "datatype" and "data".

    inference_rest.md, $response_output.
    """
    outputs = rest.infer(model.request()).outputs()
    assert outputs, "expected outputs"


@must
def test_reply_names_the_model(rest: RestServer, model: Model) -> None:
    """The reply has "model_name". open_inference_rest.yaml, inference_response: required; kserve's client needs it."""
    reply = rest.infer(model.request())
    assert reply.accepted().get("model_name") == rest.model, f"got {reply.brief}"


@must
def test_reply_is_application_json(rest: RestServer, model: Model) -> None:
    """A reply is of application/json. open_inference_rest.yaml, responses of infer."""
    kind = rest.infer(model.request()).headers.get("content-type", "none")
    assert kind.startswith(JSON), f"got {kind}"


@must
def test_output_datatypes_are_known(rest: RestServer, model: Model) -> None:
    """Each output has a datatype of the table. inference_grpc.md, "Tensor Data Types"."""
    kinds = {output["datatype"] for output in rest.infer(model.request()).outputs().values()}
    assert kinds <= DATATYPES, f"got {kinds}"


@must
def test_id_comes_back(rest: RestServer, model: Model) -> None:
    """The "id" of a request is returned. inference_rest.md, "Inference Request JSON Object": "must be returned"."""
    got = rest.infer(model.request(id="order-66")).accepted().get("id")
    assert got == "order-66", f"got {got!r}"


@must
def test_a_repeated_request_has_its_own_id(rest: RestServer, model: Model) -> None:
    """A reply may come from a cache; its id is that of its request. inference_rest.md, "id"."""
    first = rest.infer(model.request(FLOWERS, id="a"))
    again = rest.infer(model.request(FLOWERS, id="b", parameters=KNOWN_PARAMETERS))
    assert (first.accepted()["id"], again.accepted()["id"]) == ("a", "b"), f"got {again.brief}"
    assert again.outputs() == first.outputs(), f"got {again.outputs()}, at first {first.outputs()}"


@must
def test_simultaneous_requests_have_their_own_replies(rest: RestServer, model: Model) -> None:
    """Servers may join requests into batches; each has its own id and outputs. inference_rest.md, "id"."""
    expected = [values(rest, model.request([row])) for row in FLOWERS]

    def ask(number: int) -> bool:
        reply = rest.infer(model.request([FLOWERS[number % 3]], id=str(number)))
        seen = {name: flat(output["data"]) for name, output in reply.outputs().items()}
        return reply.accepted()["id"] == str(number) and are_close(seen, expected[number % 3])

    with ThreadPoolExecutor(16) as threads:
        wrong = [number for number, is_right in enumerate(threads.map(ask, range(48))) if not is_right]
    assert not wrong, f"{len(wrong)} of 48 have another's id or outputs"


@must
def test_integers_are_numbers(rest: RestServer, model: Model) -> None:
    """JSON does not tell 5 from 5.0: both are numbers of FP64. open_inference_rest.yaml, tensor_data; RFC 8259, 6."""
    whole = model.request([(5, 3, 1, 0)])
    expected = values(rest, whole)
    for tensor in whole["inputs"]:
        tensor["data"] = [int(value) for value in tensor["data"]]
    assert values(rest, whole) == expected, f"got {values(rest, whole)}, with a fraction {expected}"


@must
def test_optional_members_are_of_their_type(rest: RestServer, model: Model) -> None:
    """ "id" and "model_version", if there, are texts, "parameters" is an object.

    open_inference_rest.yaml, inference_response.
    """
    said = rest.infer(model.request()).accepted()
    kinds = {"id": str, "model_version": str, "parameters": dict}
    wrong = [f"{name} {said[name]}" for name, kind in kinds.items() if not isinstance(said.get(name, kind()), kind)]
    assert not wrong, f"got {', '.join(wrong)}"


@must
def test_flat_data(rest: RestServer, model: Model) -> None:
    """Data may be flat, in row-major order. KServe required_api.md, "Tensor Data"."""
    rest.infer(model.request(FLOWERS)).outputs()


@must
def test_nested_data_means_the_same(rest: RestServer, model: Model) -> None:
    """Data may be nested as the shape is, and means the same. KServe required_api.md, "Tensor Data"."""
    request = model.request(FLOWERS)
    expected = values(rest, request)
    for tensor in request["inputs"]:
        tensor["data"] = nested(tensor["data"], tensor["shape"])
    assert values(rest, request) == expected, f"got {values(rest, request)}, flat data gives {expected}"


@must
def test_batch_has_a_result_for_each_row(rest: RestServer, model: Model) -> None:
    """The shape of an output is that of the whole batch. KServe required_api.md, "Response Output"."""
    for name, output in rest.infer(model.request(FLOWERS)).outputs().items():
        assert output["shape"][:1] == [len(FLOWERS)], f"{name} has shape {output['shape']} for {len(FLOWERS)} rows"


@must
def test_rows_are_answered_in_their_order(rest: RestServer, model: Model) -> None:
    """Data is in row-major order: a batch is answered as its rows are alone. KServe required_api.md, "Tensor Data"."""
    together = values(rest, model.request(FLOWERS))
    alone = [values(rest, model.request([row])) for row in FLOWERS]
    for name, seen in together.items():
        expected = [value for row in alone for value in row[name]]
        assert are_close({name: seen}, {name: expected}), f"{name}: {seen}, row by row {expected}"


def close(a: object, b: object) -> bool:
    """Return whether two values are equal, numbers but for the last digits: models may compute batches otherwise."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-6 * max(1.0, abs(a))
    return a == b


def are_close(a: dict[str, list[object]], b: dict[str, list[object]]) -> bool:
    """Return whether outputs are the same."""
    if {name: len(each) for name, each in a.items()} != {name: len(each) for name, each in b.items()}:
        return False
    return all(close(x, y) for name, each in a.items() for x, y in zip(each, b[name], strict=True))


def values(rest: RestServer, request: object) -> dict[str, list[object]]:
    """Return the values of all outputs."""
    return {name: flat(output["data"]) for name, output in rest.infer(request).outputs().items()}


@must
def test_outputs_are_as_the_metadata_says(rest: RestServer, model: Model) -> None:
    """Outputs have the names, datatypes and shapes of the metadata. inference_rest.md, "outputs:

    produced by the model".
    """
    if not model.outputs:
        not_applicable("the metadata names no outputs")
    described = {tensor.name: tensor for tensor in model.outputs}
    for name, output in rest.infer(model.request(FLOWERS)).outputs().items():
        assert name in described, f"output {name!r} is not in the metadata, which has {sorted(described)}"
        known = described[name]
        assert output["datatype"] == known.datatype, (
            f"{name} is {output['datatype']}, the metadata has {known.datatype}"
        )
        assert fits(output["shape"], known.shape), f"{name} has shape {output['shape']}, the metadata {known.shape}"


def fits(shape: list[int], described: tuple[int, ...]) -> bool:
    """Return whether a shape is one of those described."""
    return len(shape) == len(described) and all(-1 in (b, a) or a == b for a, b in zip(shape, described, strict=True))


@must
def test_outputs_asked_for_are_returned_alone(rest: RestServer, model: Model) -> None:
    """Only the outputs that a request names are returned. inference_rest.md, "outputs:

    requested for this inference".
    """
    every = list(rest.infer(model.request()).outputs())
    for name in every:
        got = list(rest.infer(model.request(outputs=[{"name": name}])).outputs())
        assert got == [name], f"asked for {name}, got {got}"


@must
def test_an_unknown_output_is_an_error(rest: RestServer, model: Model) -> None:
    """An output that the model does not have cannot be returned.

    required_api.md, "Inference Response JSON Error Object".
    """
    rest.infer(model.request(outputs=[{"name": "no-such-output"}])).rejected()


@must
def test_parameters_are_accepted(rest: RestServer, model: Model) -> None:
    """Texts, numbers and switches may be parameters of a request.

    inference_rest.md, $inference_request "parameters".
    """
    rest.infer(model.request(parameters=KNOWN_PARAMETERS)).outputs()


@must
def test_parameters_of_inputs_are_accepted(rest: RestServer, model: Model) -> None:
    """They may be parameters of an input. inference_rest.md, "Request Input"."""
    request = model.request()
    request["inputs"] = [tensor | {"parameters": KNOWN_PARAMETERS} for tensor in request["inputs"]]
    rest.infer(request).outputs()


@must
def test_parameters_of_outputs_are_accepted(rest: RestServer, model: Model) -> None:
    """They may be parameters of an output. inference_rest.md, "Request Output"."""
    name = next(iter(rest.infer(model.request()).outputs()))
    rest.infer(model.request(outputs=[{"name": name, "parameters": KNOWN_PARAMETERS}])).outputs()


@must
def test_infer_by_version(rest: RestServer, model: Model) -> None:
    """A version that is listed can be requested: v2/models/M/versions/V/infer. inference_rest.md, "versions"."""
    if not model.versions:
        not_applicable("the metadata lists no versions")
    for version in model.versions:
        rest.infer(model.request(), path=f"{rest.model_path}/versions/{version}").outputs()


@must
def test_inputs_in_any_order(rest: RestServer, model: Model) -> None:
    """Inputs are told apart by name, not by place. inference_rest.md, "name: the name of the input tensor"."""
    if len(model.inputs) == 1:
        not_applicable("the model has one input")
    request = model.request(FLOWERS)
    expected = values(rest, request)
    request["inputs"] = request["inputs"][::-1]
    assert values(rest, request) == expected, f"got {values(rest, request)}, in the metadata's order {expected}"


@should
def test_unknown_members_are_ignored(rest: RestServer, model: Model) -> None:
    """kserve's client sends "model_name" in the body (infer_type.py); later versions may send more."""
    rest.infer(model.request(model_name=rest.model, another={"a": [1]})).outputs()


@should
def test_content_type_may_be_missing(rest: RestServer, model: Model) -> None:
    """tritonclient sends no Content-Type (http/_client.py)."""
    rest.post(f"{rest.model_path}/infer", json.dumps(model.request()).encode(), {}).outputs()


@should
def test_content_type_may_have_a_charset(rest: RestServer, model: Model) -> None:
    """Many clients of HTTP send "application/json; charset=utf-8" by themselves. RFC 9110, 8.3.1."""
    kind = {"Content-Type": f"{JSON}; charset=utf-8"}
    rest.post(f"{rest.model_path}/infer", json.dumps(model.request()).encode(), kind).outputs()


@should
def test_bodies_may_be_chunked(rest: RestServer, model: Model) -> None:
    """Clients that stream send no Content-Length; Triton accepts it (L0_http). RFC 9112, 7.1."""
    body = json.dumps(model.request()).encode()

    def parts() -> Iterator[bytes]:
        yield body[:20]
        yield body[20:]

    rest.post(f"{rest.model_path}/infer", parts()).outputs()


@should
def test_fp32_is_taken_for_fp64(rest: RestServer, model: Model) -> None:
    """Clients send FP32 without looking at the metadata: kserve's examples do (iris_input_v2.json)."""
    rest.infer(model.request(FLOWERS, "FP32")).outputs()


@should
def test_one_matrix_of_any_name(rest: RestServer, model: Model) -> None:
    """All features may come in one matrix, of any name: to a table's model clients send nothing else.

    Examples of KServe, MLServer and Seldon: "input-0", "predict", "INPUT__0".
    """
    tensors = model.tensors(FLOWERS)
    if len({tensor["datatype"] for tensor in tensors}) > 1:
        not_applicable("the inputs are of several datatypes")
    columns = [nested(tensor["data"], [len(FLOWERS), len(tensor["data"]) // len(FLOWERS)]) for tensor in tensors]
    rows = [[value for column in columns for value in column[at]] for at in range(len(FLOWERS))]
    shape = [len(rows), len(rows[0])]
    matrix = {"name": "predict", "shape": shape, "datatype": tensors[0]["datatype"], "data": rows}
    seen = values(rest, {"inputs": [matrix]})
    assert seen == values(rest, model.request(FLOWERS)), f"got {seen}"


@should
def test_a_thousand_rows(rest: RestServer, model: Model) -> None:
    """Clients that score files send batches of hundreds of rows (mlserver infer --batch-size)."""
    rows = [FLOWERS[at % 3] for at in range(1000)]
    for name, output in rest.infer(model.request(rows)).outputs().items():
        assert output["shape"][0] == 1000, f"{name} has shape {output['shape']}"


@should
def test_unicode_ids_come_back(rest: RestServer, model: Model) -> None:
    """An id is any text: it comes back character for character."""
    got = rest.infer(model.request(id='ключ "1" \\')).accepted().get("id")
    assert got == 'ключ "1" \\', f"got {got!r}"
