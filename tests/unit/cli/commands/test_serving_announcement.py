"""What `foreseen serve` says when it is ready, and that its line can be pasted."""

import io
import json
import shlex
from urllib.parse import parse_qs, urlsplit

import pytest

from foreseen.domain.identity.key import Fingerprint
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.predict import Predict
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.cli.commands.cache_contents import duration
from foreseen.entrypoints.cli.commands.serve_model import announce, announcement, feature_text
from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings
from support.command_in_process import own_logs
from support.fakes import DictCache, FakePredictor
from support.in_process_service import service, wired_around
from support.wired_use_cases import wired_predict

NUMBERS = Signature((Feature("sepal length (cm)", example=5.1), Feature("größe & co", dtype="int64")))
STRINGS = Signature((Feature("it's", dtype="string", example="a 'b' $HOME `c` \\ \"d\" %20 ü"), Feature("n")))
TENSORS = Signature((Feature("it's", shape=(2, 1)), Feature("label", dtype="string", example="it's $HOME \\' \"x\"")))
BASE = "http://127.0.0.1:8000"


def predict_of(signature: Signature) -> Predict:
    return wired_predict(FakePredictor(signature), DictCache(), ModelThread())


def said(settings: Settings, *, signature: Signature = NUMBERS, port: int = 8000) -> list[str]:
    return announcement(predict_of(signature), settings, port).splitlines()


def test_it_names_the_model_the_features_and_the_pages() -> None:
    lines = said(Settings(name="iris", cache="tiered"))

    assert lines[0] == f"Serving iris, fingerprint {Fingerprint(b'f' * 16).hex()[:12]}, cache tiered"
    assert lines[1] == "  takes  sepal length (cm), größe & co (int64)"
    assert lines[2] == "  gives  predict"
    assert lines[3] == "  calls  batches of any size"
    assert lines[4].startswith(f"  try    curl '{BASE}/predict?")
    assert lines[5] == f"  docs   {BASE}/docs"


def test_the_command_to_try_has_a_needed_key() -> None:
    lines = said(Settings(api_keys=("a" * 64,)))

    assert lines[4].startswith("  try    curl -H 'Authorization: Bearer KEY' ")


def test_it_explains_how_to_name_numbered_features() -> None:
    lines = said(Settings(), signature=Signature((Feature("x0"), Feature("x1"))))

    assert lines[1] == "  takes  x0, x1 (the model has no names for them: use --features a,b,…)"


@pytest.mark.parametrize(
    ("host", "base"),
    [("0.0.0.0", BASE), ("::", BASE), ("::1", "http://[::1]:8000"), ("localhost", "http://localhost:8000")],
)
def test_it_names_an_address_that_a_browser_can_open(host: str, base: str) -> None:
    assert said(Settings(host=host))[-1] == f"  docs   {base}/docs"


@pytest.mark.parametrize("signature", [NUMBERS, STRINGS], ids=["numbers", "strings"])
def test_the_url_to_paste_is_quoted_for_a_shell(signature: Signature) -> None:
    command, url, *more = shlex.split(curl(signature, BASE))
    query = urlsplit(url).query

    assert (command, more) == ("curl", [])
    assert list(parse_qs(query, strict_parsing=True)) == list(signature.names)
    if signature is NUMBERS:
        with service(wired_around(FakePredictor(signature))) as asked:
            assert asked.send("GET", query=query.encode()).json() == {"prediction": 6.1}


def test_a_tensor_goes_into_a_body_quoted_for_a_shell() -> None:
    command, url, flag, header, data, body = shlex.split(curl(TENSORS, BASE))

    assert (command, url, flag, data) == ("curl", f"{BASE}/predict", "-H", "-d")
    assert header == "Content-Type: application/json"
    assert json.loads(body) == {"it's": [[1.0], [1.0]], "label": "it's $HOME \\' \"x\""}


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        (Feature("a"), "a"),
        (Feature("a", dtype="float32"), "a (float32)"),
        (Feature("a", dtype="string"), "a (string)"),
        (Feature("a", shape=(8, 8)), "a (8x8)"),
        (Feature("a", dtype="uint8", shape=(28, 28, 1)), "a (28x28x1 uint8)"),
    ],
)
def test_a_feature_is_shown_with_its_unusual_facts(feature: Feature, text: str) -> None:
    assert feature_text(feature) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.4, "0s"), (42, "42s"), (119, "119s"), (120, "2m"), (7199, "120m"), (7200, "2h"), (172_800, "2d")],
)
def test_ages_are_written_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_banner_is_json_where_logs_are(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.model_validate({"name": "iris", "log_format": log_format, "workers": 2})
    out = io.StringIO()
    with own_logs():
        configure_logs(settings)
        announce(predict_of(NUMBERS), settings, 8123, out)

    err = capsys.readouterr().err
    assert err.count("started: model iris, fingerprint ") == 1
    if log_format == "text":
        assert out.getvalue().startswith("Serving iris, ")
    else:
        banner = json.loads(out.getvalue())
        assert (banner["event"], banner["docs"]) == ("serving iris", "http://127.0.0.1:8123/docs")
        assert banner["takes"] == ["sepal length (cm)", "größe & co (int64)"]
        assert (banner["workers"], banner["level"]) == (2, "info")
        assert json.loads(err)["level"] == "info"
