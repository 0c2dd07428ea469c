"""The hot path: a bare ASGI callable in front of the application, which answers plain requests for predictions.

It shares schema, recipe and use case with the ordinary route, and never words a refusal: whatever it cannot read at
once, an odd header, an invalid body, goes on as if it had not been here.
"""

from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.errors import ForeseenError
from foreseen.domain.predict import Predict
from foreseen.domain.rows import Rows
from foreseen.domain.tally import HITS_L1
from foreseen.entrypoints.http.answered import content, headers
from foreseen.entrypoints.http.conditions import etag
from foreseen.entrypoints.http.problems import problem
from foreseen.entrypoints.http.quick import Asked, QuickReader

LONGEST_BODY: Final = 256 * 1024
"""Bytes of body that are looked at here: a longer one is checked as it arrives, by the ordinary route."""

_ODD_HEADERS: Final = frozenset({b"content-encoding", b"expect", b"cache-control", b"if-none-match"})
_JSON: Final = (b"content-type", b"application/json")
_Header = tuple[bytes, bytes]
_HIT: Final[tuple[_Header, ...]] = ((b"cache-status", b"foreseen; hit; detail=L1"), _JSON)


class HotPath:
    """Answers GET and POST /predict; what can be peeked at, without waiting for anything."""

    def __init__(self, app: ASGIApp, predict: Predict, *, max_body: int, max_rows: int, has_cache: bool = True) -> None:
        """Take the application behind, and its limits."""
        signature = predict.predictor.signature
        self._app = app
        self._signature = signature
        self._predict = predict
        self._reader = QuickReader(signature, predict.recipe, max_rows=max_rows)
        self._longest_body = min(max_body, LONGEST_BODY)
        self._takes_get = not signature.has_tensors
        self._has_cache = has_cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] == "http" and scope["path"] == "/predict":
            asked = None
            if scope["method"] == "POST" and _has_plain_json(scope["headers"], self._longest_body):
                message = await receive()
                asked = self._asked_by(message)
                receive = _again(message, receive) if asked is None else receive
            elif scope["method"] == "GET" and self._takes_get and not _has_odd(scope["headers"]):
                asked = self._reader.of_query(scope["query_string"])
            if asked is not None:
                await self._answer(asked, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _asked_by(self, message: Message) -> Asked | None:
        if message["type"] != "http.request" or message.get("more_body"):
            return None
        return self._reader.of_body(message.get("body", b""))

    async def _answer(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        body, told = self._known(asked), _HIT
        if body is None:
            try:
                answer = await self._predict.answer(asked.keys, Rows(self._signature, asked.rows))
            except Exception as exc:
                await problem(Request(scope), exc)(scope, receive, send)
                if isinstance(exc, ForeseenError):
                    return
                raise  # for the server's log, as the application does
            body = content(answer, is_many=asked.is_many)
            said = headers(answer, has_cache=self._has_cache).items()
            told = (*((name.encode(), value.encode()) for name, value in said), _JSON)
        if self._has_cache and scope["method"] == "GET":
            told = (*told, (b"etag", etag(asked.keys[0])))
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": (*told, length)})
        await send({"type": "http.response.body", "body": body})

    def _known(self, asked: Asked) -> bytes | None:
        """Give the reply out of what can be told without waiting; None unless all of it can be."""
        peek = self._predict.peek
        bodies = []
        for key in asked.keys:
            entry = peek(key)
            if entry is None:
                return None
            bodies.append(entry.body)
        self._predict.tally.counts[HITS_L1] += len(bodies)
        return b'{"predictions":[' + b",".join(bodies) + b"]}" if asked.is_many else bodies[0]


def _has_plain_json(given: Iterable[_Header], longest: int) -> bool:
    """Tell whether a body is worth waiting for here: JSON as it is, of a length that is told and not too large."""
    is_json = is_short = False
    for name, value in given:
        if name == b"content-type":
            is_json = value == b"application/json"
        elif name == b"content-length":
            is_short = value.isdigit() and int(value) <= longest
        elif name in _ODD_HEADERS:
            return False
    return is_json and is_short


def _has_odd(given: Iterable[_Header]) -> bool:
    return any(name in _ODD_HEADERS for name, _ in given)


def _again(message: Message, receive: Receive) -> Receive:
    """Give a message again that was taken, and after it those that follow."""
    taken = [message]

    async def replay() -> Message:
        return taken.pop() if taken else await receive()

    return replay
