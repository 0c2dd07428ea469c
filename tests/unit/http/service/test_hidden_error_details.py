"""Details of internal errors are shown to callers with a key or on this machine; others are pointed to the log."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest

from foreseen.domain.errors import PredictionError
from foreseen.entrypoints.http.service import application
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around

REASON = "the model's process had ended, and another one could not start: /srv/model.joblib: expected module '_loss'"
LOG = "an error of the service itself; its log says more"
KEY = {"authorization": "Bearer key"}
KEYS = {"api_keys": sha256(b"key").hexdigest()}
PROXIED = {"x-forwarded-for": "192.0.2.1"}


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Service]:
    """A service whose model does not come back."""
    monkeypatch.setattr(application, "unready", lambda *_: REASON)
    predictor = FakePredictor()
    predictor.error = PredictionError(REASON)
    wiring = wired_around(predictor, **settings)
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


def detail(client: Service, path: str, headers: Mapping[str, str]) -> str:
    reply = client.send("GET", path, query=b"length=1&width=2", headers=headers)
    assert reply.status in (500, 503)
    return str(reply.json()["detail"])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_without_keys_a_program_on_this_machine_is_shown_why(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    here = [{}, {"host": "localhost"}, KEY]
    elsewhere = [PROXIED, {"origin": "https://a.example"}, KEY | PROXIED]  # no key is known
    with serving(monkeypatch, host=host) as client:
        for path in ("/readyz", "/predict"):
            assert [detail(client, path, headers) for headers in here] == [REASON] * 3
            assert [detail(client, path, headers) for headers in elsewhere] == [LOG] * 3


def test_with_keys_only_their_holders_see_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = [PROXIED, {"host": "10.1.2.3:8000"}, PROXIED | {"authorization": "Bearer x"}]
    with serving(monkeypatch, host="0.0.0.0", **KEYS) as client:
        assert detail(client, "/readyz", KEY | PROXIED) == REASON
        assert [detail(client, "/readyz", headers) for headers in strangers] == [LOG] * 3


def test_the_log_names_once_why_the_model_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(monkeypatch) as client, caplog.at_level(logging.WARNING):
        for _ in range(3):
            client.get("/readyz")

    assert caplog.messages == [f"not ready: {REASON}"]
