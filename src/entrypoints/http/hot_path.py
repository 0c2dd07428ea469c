"""The hot path: a bare ASGI callable in front of the application, which answers hits and hands on all else.

It shares schema, recipe and `peek` with the ordinary route, and never words an error: whatever it cannot finish at
once, an unknown input, an odd header, an invalid body, goes on as if it had not been here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.key import Key
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.conditions import etag
from foreseen.entrypoints.http.quick import QuickReader

LONGEST_BODY: Final = 256 * 1024
"""Bytes of body that are looked at here: a longer one is checked as it arrives, by the ordinary route."""

_ODD_HEADERS: Final = frozenset({b"content-encoding", b"expect", b"cache-control", b"if-none-match"})
_HIT: Final = (b"cache-status", b"foreseen; hit; detail=L1")
_JSON: Final = (b"content-type", b"application/json")


class HotPath:
    """Answers GET and POST /predict from what can be peeked at."""

    def __init__(self, app: ASGIApp, predict: Predict, *, max_body: int, max_rows: int) -> None:
        """Take the application behind, and its limits."""
        signature = predict.predictor.signature
        self._app = app
        self._predict = predict
        self._reader = QuickReader(signature, predict.recipe, max_rows=max_rows)
        self._longest_body = min(max_body, LONGEST_BODY)
        self._takes_get = not signature.has_tensors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        content = None
        tags = [_HIT]
        if scope["type"] == "http" and scope["path"] == "/predict":
            if scope["method"] == "POST" and _has_plain_json(scope["headers"], self._longest_body):
                message = await receive()
                content = self._content_for(message)
                receive = _again(message, receive) if content is None else receive
            elif scope["method"] == "GET" and self._takes_get and not _has_odd(scope["headers"]):
                key = self._reader.key_of_query(scope["query_string"])
                if key is not None and (content := self._content((key,))) is not None:
                    tags.append((b"etag", etag(key)))
        if content is None:
            await self._app(scope, receive, send)
            return
        headers = [*tags, (b"content-length", b"%d" % len(content)), _JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _content_for(self, message: Message) -> bytes | None:
        if message["type"] != "http.request" or message.get("more_body"):
            return None
        keys, is_many = self._reader.keys_of_body(message.get("body", b""))
        content = self._content(keys)
        return b'{"predictions":[' + content + b"]}" if is_many and content is not None else content

    def _content(self, keys: Sequence[Key]) -> bytes | None:
        """Join what is known of keys; None unless all are known, and there is one."""
        peek = self._predict.peek
        bodies = []
        for key in keys:
            entry = peek(key)
            if entry is None:
                return None
            bodies.append(entry.body)
        self._predict.tally.hits_l1 += len(bodies)
        return b",".join(bodies) if bodies else None


def _has_plain_json(headers: Iterable[tuple[bytes, bytes]], longest: int) -> bool:
    """Tell whether a body is worth waiting for here: JSON as it is, of a length that is told and not too large."""
    is_json = is_short = False
    for name, value in headers:
        if name == b"content-type":
            is_json = value == b"application/json"
        elif name == b"content-length":
            is_short = value.isdigit() and int(value) <= longest
        elif name in _ODD_HEADERS:
            return False
    return is_json and is_short


def _has_odd(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name in _ODD_HEADERS for name, _ in headers)


def _again(message: Message, receive: Receive) -> Receive:
    """Give a message again that was taken, and after it those that follow."""
    taken = [message]

    async def replay() -> Message:
        return taken.pop() if taken else await receive()

    return replay
