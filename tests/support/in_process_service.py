"""The service in process: an application around a wired model, called without a socket."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.types import ASGIApp

from foreseen.domain.ports import Predictor
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.requests.request_wait import Client, state_with
from foreseen.entrypoints.http.service.application import create_app
from foreseen.settings import Settings
from foreseen.wiring.predictors import ServedModel
from foreseen.wiring.service import Service as WiredService
from foreseen.wiring.service import wire_service

Result = TypeVar("Result")
Fields = Mapping[str, str | Sequence[str]]
"""Header fields by name; several values are as many fields of that name."""
JSON = {"content-type": "application/json"}
REQUEST_ID = "of-a-test"
"""What each request is called that has no other id, so that replies can be compared."""


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        headers: by name in lower case.
        sent_parts: how many parts of the body the service took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_parts: int

    @property
    def cache_status(self) -> str:
        """Where it came from."""
        return self.headers["cache-status"]

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Service:
    """A started application; each request runs to its end on one event loop."""

    def __init__(
        self, app: ASGIApp, predict: Predict, runner: asyncio.Runner, state: Mapping[str, Any] | None = None
    ) -> None:
        self.app = app
        self.predict = predict
        self._runner = runner
        self._state = state or {}

    def behind(self, app: ASGIApp) -> "Service":
        """Return the same service with another callable in front."""
        return Service(app, self.predict, self._runner, self._state)

    def get(self, path: str = "/predict", /, **query: object) -> Reply:
        """Send a GET with these values."""
        return self.send("GET", path, query=urlencode(query).encode())

    def post(self, body: object) -> Reply:
        """Send a POST to /predict: bytes as they are, anything else as JSON."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", parts=[sent])

    def send(
        self,
        method: str,
        path: str = "/predict",
        *,
        query: bytes = b"",
        parts: Iterable[bytes] = (),
        headers: Fields = JSON,
        hangs_up: bool = False,
    ) -> Reply:
        """Send a request as it is given, its body in parts; a client that hangs up never says that it was all."""
        return self.run(
            self.exchange(method, path, query=query, parts=parts, headers=headers, hangs_up=hangs_up),
        )

    def run(self, doing: Coroutine[Any, Any, Result]) -> Result:
        """Run something on the event loop of the service, such as several exchanges at once."""
        return self._runner.run(doing)

    async def exchange(
        self,
        method: str = "POST",
        path: str = "/predict",
        *,
        query: bytes = b"",
        parts: Iterable[bytes] = (),
        headers: Fields = JSON,
        hangs_up: bool = False,
        client: Client | None = None,
    ) -> Reply:
        """Send a request as `send` does, for a client who may leave."""
        sent = list(parts)
        if len(sent) == 1:  # as a client does that has all of it
            headers = {"content-length": str(len(sent[0])), **headers}
        scope = _scope(method, path, query, headers)
        scope["state"] = dict(self._state) if client is None else state_with(client, dict(self._state))
        return await _exchange(self.app, scope, sent, hangs_up)


@contextmanager
def service(wiring: WiredService) -> Iterator[Service]:
    """Yield the started application around a wired service until the block ends."""
    app = create_app(wiring)
    with asyncio.Runner() as runner:
        lifespan = app.router.lifespan_context(app)
        state = runner.run(lifespan.__aenter__())
        try:
            yield Service(app, wiring.predict, runner, state)
        finally:
            runner.run(lifespan.__aexit__(None, None, None))


def wired_around(predictor: Predictor, **settings: Any) -> WiredService:
    """Wire a service around a predictor that is there already."""
    return wire_service(Settings(**{"model": Path("model.joblib"), **settings}), predictor)


def wired_from(settings: Settings) -> WiredService:
    """Wire a service as settings say, its model loaded."""
    return wire_service(settings, ServedModel(settings).loaded())


def wired_with(model: Path, **settings: Any) -> WiredService:
    """Wire a service around a model file, which is loaded in this process."""
    return wired_from(Settings(**{"model": model, "model_isolation": "thread", **settings}))


def _scope(method: str, path: str, query: bytes, headers: Fields) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, values in {"x-request-id": REQUEST_ID, **headers}.items()
            for value in ([values] if isinstance(values, str) else values)
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


async def _exchange(app: ASGIApp, scope: dict[str, Any], parts: list[bytes], hangs_up: bool) -> Reply:
    inbox: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if hangs_up:
        inbox.append({"type": "http.disconnect"})
    elif len(parts) == 1:  # as a server gives a body that came in one piece
        inbox[0]["more_body"] = False
    else:
        inbox.append({"type": "http.request", "body": b""})
    outbox: list[Any] = []
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        if taken > len(inbox):  # the client listens, and says no more
            await asyncio.Event().wait()
        return inbox[taken - 1]

    async def send(message: Any) -> None:
        outbox.append(message)

    try:
        await app(scope, receive, send)
    except Exception:
        if not outbox:  # what fails is answered first, and raised again for the server's log
            raise
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in outbox[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in outbox[1:])
    return Reply(outbox[0]["status"], headers, body, min(taken, len(parts)))
