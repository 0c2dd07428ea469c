"""The hot path: a bare ASGI callable in front of the application, which answers hits and hands on all else.

It shares schema, recipe and `peek` with the ordinary route, and never words an error: whatever it cannot finish at
once, an unknown input, an odd header, an invalid body, goes on as if it had not been here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.key import Key
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.quick import QuickReader

LONGEST_BODY: Final = 256 * 1024
"""Bytes of body that are looked at here: a longer one is checked as it arrives, by the ordinary route."""

_ODD_HEADERS: Final = frozenset({b"content-encoding", b"expect"})
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
        if scope["type"] != "http" or scope["path"] != "/predict":
            await self._app(scope, receive, send)
        elif scope["method"] == "GET" and self._takes_get:
            key = self._reader.key_of_query(scope["query_string"])
            content = self._content([key], is_many=False) if key is not None else None
            await (self._app(scope, receive, send) if content is None else _reply(send, content))
        elif scope["method"] == "POST" and _has_plain_json(scope["headers"], self._longest_body):
            await self._post(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        content = self._content_for(message)
        if content is not None:
            await _reply(send, content)
        else:
            await self._app(scope, _again(message, receive), send)

    def _content_for(self, message: Message) -> bytes | None:
        if message["type"] != "http.request" or message.get("more_body"):
            return None
        body = message.get("body", b"")
        read = self._reader.keys_of_body(body)
        return None if read is None else self._content(read[0], is_many=read[1])

    def _content(self, keys: Sequence[Key], *, is_many: bool) -> bytes | None:
        peek = self._predict.peek
        bodies = []
        for key in keys:
            entry = peek(key)
            if entry is None:
                return None
            bodies.append(entry.body)
        self._predict.tally.hits_l1 += len(bodies)
        return b'{"predictions":[' + b",".join(bodies) + b"]}" if is_many else bodies[0]


def _has_plain_json(headers: Iterable[tuple[bytes, bytes]], longest: int) -> bool:
    """Tell whether a body is worth waiting for here: JSON as it is, of a length that is told and not too large."""
    told = dict(headers)
    length = told.get(b"content-length", b"")
    return (
        told.get(b"content-type") == b"application/json"
        and length.isdigit()
        and int(length) <= longest
        and _ODD_HEADERS.isdisjoint(told)
    )


async def _reply(send: Send, content: bytes) -> None:
    headers = [_HIT, (b"content-length", b"%d" % len(content)), _JSON]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _again(message: Message, receive: Receive) -> Receive:
    """Give a message again that was taken, and after it those that follow."""
    taken = [message]

    async def replay() -> Message:
        return taken.pop() if taken else await receive()

    return replay
