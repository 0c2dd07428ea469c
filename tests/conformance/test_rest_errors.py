"""Requests over REST that have to be errors, and the server after them."""

import json

import httpx
import pytest

from conformance.levels import must, not_applicable, should
from conformance.malformed import MALFORMED, Malformed
from conformance.model import FLOWERS, Model
from conformance.rest import JSON, Reply, RestServer, client_of


def sent(rest: RestServer, case: Malformed, model: Model) -> Reply:
    """Send a malformed request."""
    return rest.post(f"{rest.model_path}/infer", case.body(model))


@must
@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_malformed(rest: RestServer, model: Model, case: Malformed) -> None:
    """A failed inference is an error status with {"error": text}.

    required_api.md, "Inference Response JSON Error Object"; open_inference_rest.yaml, inference_error_response.
    """
    reply = sent(rest, case, model)
    if case.is_clear and reply.status == 200:
        reply.outputs()
    else:
        reply.rejected()


@should
def test_malformed_requests_are_4xx(rest: RestServer, model: Model) -> None:
    """A fault of the client is 4xx, not 5xx:

    gateways and clients try 5xx again (Triton, L0_http and L0_input_validation).
    """
    seen = {case.name: sent(rest, case, model).status for case in MALFORMED}
    wrong = [f"{name} {status}" for name, status in seen.items() if status >= 500]
    assert not wrong, f"got {', '.join(wrong)}"


@should
def test_errors_of_requests_are_exactly_application_json(rest: RestServer, model: Model) -> None:
    """Content-Type is "application/json" without parameters:

    kserve's client reads "error" only then (inference_client.py).
    """
    replies = {case.name: sent(rest, case, model) for case in MALFORMED}
    seen = {name: reply.headers.get("content-type", "none") for name, reply in replies.items() if reply.status != 200}
    wrong = [f"{name} {kind}" for name, kind in seen.items() if kind != JSON]
    assert not wrong, f"got {', '.join(wrong)}"


@must
def test_infer_of_an_unknown_model(rest: RestServer, model: Model) -> None:
    """It is an error status with {"error": text}. required_api.md, "Inference Response JSON Error Object"."""
    rest.infer(model.request(), path="v2/models/no-such-model").rejected()


@should
def test_infer_of_an_unknown_model_is_404(rest: RestServer, model: Model) -> None:
    """An unknown model is 404: KServe, Triton and MLServer agree."""
    reply = rest.infer(model.request(), path="v2/models/no-such-model")
    assert reply.status == 404, f"got {reply.brief}"


@must
def test_infer_of_an_unknown_version(rest: RestServer, model: Model) -> None:
    """A version that is named and not there is an error. required_api.md, "Inference Response JSON Error Object"."""
    rest.infer(model.request(), path=f"{rest.model_path}/versions/no-such-version").rejected()


@must
def test_too_few_features(rest: RestServer, model: Model) -> None:
    """A tensor that the model cannot take is an error. required_api.md, "Inference Response JSON Error Object"."""
    request = model.request(FLOWERS)
    if len(model.inputs) > 1:
        request["inputs"].pop()
    else:
        tensor = request["inputs"][0]
        if len(tensor["shape"]) < 2:
            not_applicable("the model has one feature")
        tensor.update(shape=[3, 2], data=tensor["data"][:6])
    rest.infer(request).rejected()


@should
def test_an_input_that_the_model_does_not_have(rest: RestServer, model: Model) -> None:
    """It is an error, not left out silently, as KServe does (utils.py, get_predict_input): a name may be misspelt."""
    request = model.request(FLOWERS)
    request["inputs"].append(request["inputs"][0] | {"name": "no-such-input"})
    rest.infer(request).rejected()


@should
def test_an_input_twice(rest: RestServer, model: Model) -> None:
    """It is an error: which of the two is meant is unknown (Triton, L0_input_validation)."""
    request = model.request(FLOWERS)
    request["inputs"].append(request["inputs"][0])
    rest.infer(request).rejected()


@should
def test_an_output_twice(rest: RestServer, model: Model) -> None:
    """It is an error (Triton, L0_http)."""
    name = next(iter(rest.infer(model.request()).outputs()))
    rest.infer(model.request(outputs=[{"name": name}] * 2)).rejected()


@should
def test_deep_nesting(rest: RestServer, model: Model) -> None:
    """A body of a hundred thousand brackets is an error, and the server answers after it (Triton, L0_http)."""
    depth = 100_000
    body = b'{"inputs": ' + b"[" * depth + b"]" * depth + b"}"
    rest.post(f"{rest.model_path}/infer", body).rejected()
    rest.infer(model.request()).outputs()


@should
def test_get_of_infer_is_an_error_in_json(rest: RestServer) -> None:
    """Another method is 4xx with {"error": text}: clients parse any body of an error (tritonclient, http/_utils.py)."""
    reply = rest.get(f"{rest.model_path}/infer")
    reply.rejected()
    assert reply.status < 500, f"got {reply.brief}"


@should
def test_numbers_beyond_fp64(rest: RestServer, model: Model) -> None:
    """1e999 is an error or an infinity; the reply is JSON without bare NaN or Infinity. RFC 8259, 6."""
    body = json.dumps(model.request()).replace("5.1", "1e999").encode()
    reply = rest.post(f"{rest.model_path}/infer", body)
    reply.json()
    assert reply.status < 500, f"got {reply.brief}"


@should
def test_bare_nan(rest: RestServer, model: Model) -> None:
    """Python's json writes NaN, which is not JSON: an error of the client or a missing value; the reply is JSON."""
    body = json.dumps(model.request()).replace("5.1", "NaN").encode()
    reply = rest.post(f"{rest.model_path}/infer", body)
    reply.json()
    assert reply.status < 500, f"got {reply.brief}"


@should
def test_no_rows(rest: RestServer, model: Model) -> None:
    """A batch of no rows is an error of the client, or outputs of no rows."""
    reply = rest.infer(model.request([]))
    if reply.status == 200:
        reply.outputs()
    else:
        reply.rejected()
        assert reply.status < 500, f"got {reply.brief}"


@should
def test_an_unknown_encoding_is_an_error_in_json(rest: RestServer, model: Model) -> None:
    """A Content-Encoding that the server does not know is ignored, or 4xx with {"error": text}. RFC 9110, 8.4."""
    body = json.dumps(model.request()).encode()
    reply = rest.post(f"{rest.model_path}/infer", body, {"Content-Type": JSON, "Content-Encoding": "no-such-encoding"})
    if reply.status != 200:
        reply.rejected()
    assert reply.status < 500, f"got {reply.brief}"


@should
@pytest.mark.parametrize(
    "name", ["a%2Fb", "%00", "a%20b", "%C3%A9", "%FF", "..%2Fmodels", "a" * 5000], ids=lambda name: name[:12]
)
def test_odd_names_are_unknown_models(rest: RestServer, model: Model, name: str) -> None:
    """Any text may be asked for as a model: it is 4xx with {"error": text}."""
    reply = rest.infer(model.request(), path=f"v2/models/{name}")
    reply.rejected()
    assert reply.status < 500, f"got {reply.brief}"


@must
def test_the_server_answers_after_all_this(rest: RestServer, model: Model) -> None:
    """Whatever a client sent, the next request is answered. inference_rest.md, "Server Live"."""
    for case in MALFORMED:
        sent(rest, case, model)
    rest.infer(model.request()).outputs()


@should
def test_the_connection_is_kept_or_closed_in_words(rest: RestServer, model: Model) -> None:
    """After an error the connection is open, or "Connection: close" says that it is not: clients keep pools.

    RFC 9112, 9.6.
    """
    with client_of(rest.url, httpx.Limits(max_connections=1)) as client:
        for case in MALFORMED:
            failed = client.post(f"{rest.model_path}/infer", content=case.body(model), headers={"Content-Type": JSON})
            try:
                client.get("v2/health/live")
            except httpx.TransportError as error:
                seen = f"{case.name}: {failed.status_code}, then {type(error).__name__} on the same connection"
                raise AssertionError(seen) from error
