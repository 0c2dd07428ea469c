"""A server over REST: plain HTTP, nothing hidden."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from types import TracebackType
from typing import Any, Final, NoReturn

import httpx

from conformance.tensors import flat

PATIENCE_S: Final = 60.0
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def brief(self) -> str:
        """What it says, in part of a line."""
        text = " ".join(self.body[:160].decode(errors="replace").split())
        return f"{self.status} {text}" if text else f"{self.status} with an empty body"

    def json(self) -> Any:
        """Return the body, which has to be JSON as RFC 8259 has it."""
        try:
            return json.loads(self.body, parse_constant=_refuse)
        except ValueError as error:
            raise AssertionError(f"expected JSON, got {self.brief} ({error})") from error

    def accepted(self) -> dict[str, Any]:
        """Return the object with which the server did what it was asked for."""
        assert self.status == 200, f"expected 200, got {self.brief}"
        said = self.json()
        assert isinstance(said, dict), f"expected an object, got {self.brief}"
        return said

    def rejected(self) -> str:
        """Return the message with which the server rejected a request."""
        assert self.status >= 400, f"expected an error, got {self.brief}"
        said = self.json()
        message = said.get("error") if isinstance(said, dict) else None
        assert isinstance(message, str), f'expected a text "error", got {self.brief}'
        assert message, f'expected a text "error", got {self.brief}'
        return message

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Return the output tensors of an inference by name, the shape and length of each proved."""
        listed = self.accepted().get("outputs")
        assert isinstance(listed, list), f'expected a list "outputs", got {self.brief}'
        for output in listed:
            assert isinstance(output, dict), f"expected tensors, got {self.brief}"
            missing = {"name", "shape", "datatype", "data"} - output.keys()
            assert not missing, f"an output has no {', '.join(sorted(missing))}: {self.brief}"
            length = len(flat(output["data"]))
            assert length == prod(output["shape"]), f"an output of shape {output['shape']} has {length} values"
        return {output["name"]: output for output in listed}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def client_of(url: str, limits: httpx.Limits) -> httpx.Client:
    """Return a client that reaches this server alone, and follows no redirect."""
    return httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False, follow_redirects=False, limits=limits)


class RestServer:
    """A server over REST, and its model."""

    def __init__(self, url: str, model: str) -> None:
        self.model = model
        self.url = url
        # Each request has a connection of its own: some servers close theirs after an error without saying so.
        self._client = client_of(url, httpx.Limits(max_keepalive_connections=0))

    def __enter__(self) -> "RestServer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    @property
    def model_path(self) -> str:
        """The path of the model's metadata."""
        return f"v2/models/{self.model}"

    def get(self, path: str) -> Reply:
        """Send a GET, following no redirect."""
        return self._send("GET", path, b"", {})

    def post(self, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str] | None = None) -> Reply:
        """Send a POST of these bytes with these headers and no other that says what they are."""
        return self._send("POST", path, body, {"Content-Type": JSON} if headers is None else headers)

    def infer(self, request: object, *, path: str = "") -> Reply:
        """Ask the model, in JSON."""
        return self.post(f"{path or self.model_path}/infer", json.dumps(request).encode())

    def infer_binary(self, request: object, blobs: bytes = b"", **headers: str) -> Reply:
        """Ask the model with tensors in bytes after the JSON; keywords are headers, `_` for `-`."""
        head = json.dumps(request).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        length = {"Inference-Header-Content-Length": str(len(head))}
        return self.post(f"{self.model_path}/infer", head + blobs, length | named)

    def _send(self, method: str, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str]) -> Reply:
        sent = self._client.request(method, path, content=body, headers=dict(headers))
        return Reply(sent.status_code, sent.headers, sent.content)
