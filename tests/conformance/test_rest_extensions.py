"""Triton's other extensions over REST, each where it is served."""

from typing import Any

from conformance.levels import extension, not_served
from conformance.model import Model
from conformance.rest import Reply, RestServer

repository = extension("model_repository")
statistics = extension("statistics")
configuration = extension("model_configuration")
listing = extension("model_list")


def served(rest: RestServer, reply: Reply, *names: str) -> Reply:
    """Return a reply, but end the check where the server has no such path and does not list the extension."""
    if reply.status in (404, 405, 501) and not {*names} & {*rest.get("v2").accepted().get("extensions", [])}:
        not_served(names[0])
    return reply


@listing
def test_models_are_listed(rest: RestServer) -> None:
    """GET v2/models gives {"models": [names]}. KServe, v2_endpoints.py."""
    reply = served(rest, rest.get("v2/models"), "model_list")
    said = reply.accepted().get("models")
    assert isinstance(said, list), f"got {reply.brief}"
    assert rest.model in said, f"got {reply.brief}"


def index(rest: RestServer, body: bytes) -> list[dict[str, Any]]:
    """Return the models in the server's repository."""
    reply = served(rest, rest.post("v2/repository/index", body), "model_repository", "model_repository_extension")
    assert reply.status == 200, f"got {reply.brief}"
    models = reply.json()
    assert isinstance(models, list), f"got {reply.brief}"
    return models


@repository
def test_index_of_the_repository(rest: RestServer) -> None:
    """POST v2/repository/index gives a list of "name", "version", "state" and "reason".

    extension_model_repository.md, "Index".
    """
    models = {each["name"]: each for each in index(rest, b"{}")}
    assert rest.model in models, f"got {models}"
    assert models[rest.model].get("state") == "READY", f"got {models}"


@repository
def test_index_of_an_empty_request(rest: RestServer) -> None:
    """tritonclient sends an empty body (get_model_repository_index)."""
    assert [each["name"] for each in index(rest, b"")] == [rest.model]


@repository
def test_index_of_ready_models(rest: RestServer) -> None:
    """{"ready": true} leaves out what is not ready. extension_model_repository.md, "Index"."""
    assert rest.model in [each["name"] for each in index(rest, b'{"ready": true}')]


@repository
def test_an_unknown_model_cannot_be_loaded(rest: RestServer) -> None:
    """POST v2/repository/models/unknown/load is an error with {"error": text}.

    extension_model_repository.md, "Load".
    """
    served(rest, rest.post("v2/repository/index", b"{}"), "model_repository", "model_repository_extension")
    rest.post("v2/repository/models/no-such-model/load", b"{}").rejected()


@repository
def test_an_unknown_model_cannot_be_unloaded(rest: RestServer) -> None:
    """POST v2/repository/models/unknown/unload is an error with {"error": text}.

    extension_model_repository.md, "Unload".
    """
    served(rest, rest.post("v2/repository/index", b"{}"), "model_repository", "model_repository_extension")
    rest.post("v2/repository/models/no-such-model/unload", b"{}").rejected()


def counted(rest: RestServer, path: str) -> dict[str, Any]:
    """Return the statistics of the model."""
    reply = served(rest, rest.get(path), "statistics")
    listed = reply.accepted().get("model_stats")
    assert isinstance(listed, list), f"got {reply.brief}"
    models = {each["name"]: each for each in listed}
    assert rest.model in models, f"got {reply.brief}"
    found: dict[str, Any] = models[rest.model]
    return found


@statistics
def test_statistics_of_the_model(rest: RestServer) -> None:
    """GET v2/models/M/stats has counts and times in nanoseconds.

    extension_statistics.md, $model_stat and $inference_stats.
    """
    model = counted(rest, f"{rest.model_path}/stats")
    for name in ("inference_count", "execution_count", "last_inference"):
        assert isinstance(model.get(name), int), f"expected a number {name}, got {model}"
    for name in (
        "success",
        "fail",
        "queue",
        "compute_input",
        "compute_infer",
        "compute_output",
        "cache_hit",
        "cache_miss",
    ):
        duration = model["inference_stats"].get(name, {})
        assert {"count", "ns"} <= duration.keys(), f"expected count and ns of {name}, got {model['inference_stats']}"


@statistics
def test_statistics_of_all_models(rest: RestServer) -> None:
    """GET v2/models/stats gives the same of all models. extension_statistics.md, "HTTP/REST"."""
    counted(rest, "v2/models/stats")


@statistics
def test_statistics_count_requests(rest: RestServer, model: Model) -> None:
    """Each request that was answered is a success more. extension_statistics.md, "success"."""
    before = counted(rest, f"{rest.model_path}/stats")["inference_stats"]["success"]["count"]
    rest.infer(model.request()).outputs()
    after = counted(rest, f"{rest.model_path}/stats")["inference_stats"]["success"]["count"]
    assert after == before + 1, f"{before} before, {after} after one request"


@statistics
def test_statistics_of_an_unknown_model(rest: RestServer) -> None:
    """It is an error with {"error": text}. extension_statistics.md, "Statistics Response JSON Error Object"."""
    served(rest, rest.get(f"{rest.model_path}/stats"), "statistics")
    rest.get("v2/models/no-such-model/stats").rejected()


@configuration
def test_configuration_of_the_model(rest: RestServer) -> None:
    """GET v2/models/M/config gives the model's name, platform and max_batch_size. extension_model_configuration.md."""
    reply = served(rest, rest.get(f"{rest.model_path}/config"), "model_configuration")
    said = reply.accepted()
    assert said.get("name") == rest.model, f"got {reply.brief}"
    assert isinstance(said.get("max_batch_size"), int), f"got {reply.brief}"
