"""Metadata of the server and of the model over REST."""

from conformance.levels import must, not_applicable, should
from conformance.model import Model
from conformance.rest import JSON, RestServer
from conformance.tensors import DATATYPES

UNKNOWN = "v2/models/no-such-model"


def described(rest: RestServer, path: str) -> None:
    """Assert that a path describes the server."""
    reply = rest.get(path)
    said = reply.accepted()
    texts = [said.get("name"), said.get("version"), *said.get("extensions", [None])]
    assert all(isinstance(text, str) for text in texts), f"got {reply.brief}"


@must
def test_server_metadata(rest: RestServer) -> None:
    """GET v2 gives "name", "version" and a list "extensions", with no redirect.

    inference_rest.md, "Server Metadata".
    """
    described(rest, "v2")


@must
def test_server_metadata_with_a_slash(rest: RestServer) -> None:
    """GET v2/ gives the same: open_inference_rest.yaml has this path. A redirect is not 200."""
    described(rest, "v2/")


@must
def test_model_metadata(rest: RestServer) -> None:
    """GET v2/models/M gives "name" and "platform". inference_rest.md, "Model Metadata Response JSON Object"."""
    reply = rest.get(rest.model_path)
    said = reply.accepted()
    assert said.get("name") == rest.model, f"got {reply.brief}"
    assert isinstance(said.get("platform"), str), f'expected a text "platform", got {reply.brief}'


@must
def test_model_metadata_describes_tensors(rest: RestServer) -> None:
    """Inputs and outputs have a name, a datatype of the table and a shape, -1 for what varies.

    inference_rest.md, $metadata_tensor.
    """
    said = rest.get(rest.model_path).accepted()
    for tensor in [*said.get("inputs", ()), *said.get("outputs", ())]:
        assert isinstance(tensor.get("name"), str), f"expected a name, got {tensor}"
        assert tensor.get("datatype") in DATATYPES, f"expected a datatype, got {tensor}"
        sizes = tensor.get("shape")
        assert isinstance(sizes, list), f"expected a shape, got {tensor}"
        assert all(isinstance(size, int) and size >= -1 for size in sizes), f"expected a shape, got {tensor}"


@should
def test_model_metadata_names_inputs_and_outputs(rest: RestServer) -> None:
    """Both lists are there and not empty: clients make requests from them, as tritonclient's image_client.py does."""
    said = rest.get(rest.model_path).accepted()
    assert said.get("inputs"), 'expected "inputs"'
    assert said.get("outputs"), 'expected "outputs"'


@must
def test_versions_are_texts(rest: RestServer) -> None:
    """ "versions", if there, is a list of texts. inference_rest.md, "Model Metadata Response JSON Object"."""
    versions = rest.get(rest.model_path).accepted().get("versions", [])
    assert isinstance(versions, list), f"got {versions}"
    assert all(isinstance(version, str) for version in versions), f"got {versions}"


@must
def test_model_metadata_by_version(rest: RestServer, model: Model) -> None:
    """A version that is listed can be requested: v2/models/M/versions/V. inference_rest.md, "versions"."""
    if not model.versions:
        not_applicable("the metadata lists no versions")
    for version in model.versions:
        reply = rest.get(f"{rest.model_path}/versions/{version}")
        assert reply.accepted()["name"] == rest.model, f"got {reply.brief}"


@must
def test_metadata_of_an_unknown_model(rest: RestServer) -> None:
    """It is an error status with {"error": text}. inference_rest.md, "Model Metadata Response JSON Error Object"."""
    rest.get(UNKNOWN).rejected()


@should
def test_metadata_of_an_unknown_model_is_404(rest: RestServer) -> None:
    """An unknown model is 404: KServe, Triton and MLServer agree, and clients tell it from a bad request."""
    assert rest.get(UNKNOWN).status == 404, f"got {rest.get(UNKNOWN).brief}"


@should
def test_unknown_model_in_the_usual_words(rest: RestServer) -> None:
    """The message begins "Request for unknown model": Triton's examples and its L0_infer look for it."""
    message = rest.get(UNKNOWN).rejected()
    assert message.startswith("Request for unknown model"), f"got {message!r}"


@should
def test_errors_are_exactly_application_json(rest: RestServer) -> None:
    """Content-Type is "application/json" without parameters:

    kserve's client reads "error" only then (inference_client.py).
    """
    kind = rest.get(UNKNOWN).headers.get("content-type", "none")
    assert kind == JSON, f"got {kind}"


@must
def test_metadata_of_an_unknown_version(rest: RestServer) -> None:
    """It is an error status with {"error": text}. inference_rest.md, "Model Metadata Response JSON Error Object"."""
    rest.get(f"{rest.model_path}/versions/no-such-version").rejected()


@should
def test_unknown_path_is_an_error_in_json(rest: RestServer) -> None:
    """What is not served under v2/ is 404 with {"error": text}:

    tritonclient parses any body of an error (http/_utils.py).
    """
    reply = rest.get("v2/no-such-path")
    reply.rejected()
    assert reply.status == 404, f"got {reply.brief}"
