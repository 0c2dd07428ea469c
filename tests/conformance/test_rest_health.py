"""Health and readiness over REST."""

import pytest

from conformance.levels import must, not_applicable, should
from conformance.model import Model
from conformance.rest import Reply, RestServer

UNKNOWN = "v2/models/no-such-model"


@must
def test_live_is_200(rest: RestServer) -> None:
    """A live server answers GET v2/health/live with 200. open_inference_rest.yaml, get-v2-health-live."""
    assert rest.get("v2/health/live").status == 200, f"got {rest.get('v2/health/live').brief}"


@must
def test_ready_is_200(rest: RestServer) -> None:
    """A ready server answers GET v2/health/ready with 200. open_inference_rest.yaml, get-v2-health-ready."""
    assert rest.get("v2/health/ready").status == 200, f"got {rest.get('v2/health/ready').brief}"


@must
def test_model_ready_is_200(rest: RestServer) -> None:
    """A ready model answers GET v2/models/M/ready with 200. inference_rest.md, table of APIs, "Model Ready"."""
    reply = rest.get(f"{rest.model_path}/ready")
    assert reply.status == 200, f"got {reply.brief}"


@should
def test_live_says_live(rest: RestServer) -> None:
    """The body is {"live": true}. inference_rest.md, "Server Live"; the YAML and KServe's older text name no body."""
    reply = rest.get("v2/health/live")
    assert reply.accepted().get("live") is True, f"got {reply.brief}"


@should
def test_ready_says_live_or_ready(rest: RestServer) -> None:
    """The body says so in JSON: "live" in inference_rest.md, "Server Ready", and "ready" in KServe.

    open-inference-protocol #27 is open about it.
    """
    reply = rest.get("v2/health/ready")
    said = reply.accepted()
    assert True in (said.get("live"), said.get("ready")), f"got {reply.brief}"


@should
def test_ready_says_ready(rest: RestServer) -> None:
    """The body has "ready": kserve's client takes this and no other member (inference_client.py, is_server_ready)."""
    reply = rest.get("v2/health/ready")
    assert reply.accepted().get("ready") is True, f"got {reply.brief}"


@should
def test_model_ready_names_the_model(rest: RestServer) -> None:
    """The body is {"name": M, "ready": true}: inference_rest.md, "Model Ready";

    clients fail without a body, kserve #4267.
    """
    reply = rest.get(f"{rest.model_path}/ready")
    said = reply.accepted()
    assert (said.get("name"), said.get("ready")) == (rest.model, True), f"got {reply.brief}"


@must
def test_model_ready_by_version(rest: RestServer, model: Model) -> None:
    """A version that the metadata lists can be named: v2/models/M/versions/V/ready.

    inference_rest.md, "Model Metadata".
    """
    if not model.versions:
        not_applicable("the metadata lists no versions")
    reply = rest.get(f"{rest.model_path}/versions/{model.versions[0]}/ready")
    assert reply.status == 200, f"version {model.versions[0]!r}: got {reply.brief}"


@must
def test_unknown_model_is_not_ready(rest: RestServer) -> None:
    """Of a model that the server does not have it does not say that it is ready. inference_rest.md, "Model Ready"."""
    reply = rest.get(f"{UNKNOWN}/ready")
    assert not is_ready(reply), f"got {reply.brief}"


@should
def test_unknown_model_ready_is_404(rest: RestServer) -> None:
    """GET v2/models/unknown/ready is 404 with a JSON body, as in KServe and Triton:

    tritonclient reads the status alone.
    """
    reply = rest.get(f"{UNKNOWN}/ready")
    assert reply.status == 404, f"got {reply.brief}"
    reply.json()


@must
def test_unknown_version_is_not_ready(rest: RestServer) -> None:
    """Of a version that the server does not have it does not say that it is ready. inference_rest.md, "Model Ready"."""
    reply = rest.get(f"{rest.model_path}/versions/no-such-version/ready")
    assert not is_ready(reply), f"got {reply.brief}"


def is_ready(reply: Reply) -> bool:
    """Return whether a reply tells a client that a model is ready."""
    if reply.status != 200:
        return False
    return not reply.body or reply.json().get("ready") is not False


@should
@pytest.mark.parametrize("path", ["v2/health/live", "v2/health/ready"])
def test_health_is_json(rest: RestServer, path: str) -> None:
    """The Content-Type of a body that is JSON is application/json:

    kserve's client parses what it gets, kserve #3820.
    """
    kind = rest.get(path).headers.get("content-type", "none")
    assert kind.startswith("application/json"), f"got Content-Type {kind}"
