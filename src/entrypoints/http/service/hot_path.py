"""The hot path: an ASGI callable in front of the application, which answers plain requests for predictions.

It shares schema, key recipe and use case with the ordinary route, and rejects nothing itself: a request that is not
plain, because of an unusual header or an invalid body, is passed on to that route unchanged.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from time import perf_counter_ns, time
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.errors import ForeseenError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.predict import Predict
from foreseen.domain.values.batch import Rows
from foreseen.entrypoints.http.counting.counted_routes import PREDICT, V2_INFER
from foreseen.entrypoints.http.protocols.oip.infer_request import HEADER_LENGTH
from foreseen.entrypoints.http.protocols.oip.plain_infer_reader import PlainInferReader
from foreseen.entrypoints.http.request_log.access_log import AccessLine
from foreseen.entrypoints.http.request_log.request_context import FIELDS, RequestContext, context_of
from foreseen.entrypoints.http.request_log.request_ids import HEADER as REQUEST_ID
from foreseen.entrypoints.http.request_log.request_ids import accepted, made
from foreseen.entrypoints.http.requests.cache_headers import etag, etag_of
from foreseen.entrypoints.http.requests.framing import LONGEST_LENGTH
from foreseen.entrypoints.http.requests.plain_request_reader import PlainRequest, reader_of
from foreseen.entrypoints.http.requests.request_wait import TIMEOUT, client_of, is_timeout, timeout_s
from foreseen.entrypoints.http.responses.answer_response import content, content_of_many, headers, tier_of
from foreseen.entrypoints.http.responses.problems import problem

if TYPE_CHECKING:
    from foreseen.entrypoints.http.request_log.access_log import AccessLog

LONGEST_BODY: Final = 256 * 1024
"""Most bytes of a body to read here; the ordinary route checks a longer one while it arrives."""

_ODD_HEADERS: Final = frozenset({b"content-encoding", b"expect", b"cache-control", b"if-none-match", TIMEOUT})
_JSON: Final = (b"content-type", b"application/json")
_TENSORS: Final = frozenset({b"application/json", b"application/octet-stream", b""})
_HEAD_LENGTH: Final = HEADER_LENGTH.encode()
_NO_STATE: Final[Mapping[str, object]] = {}
_NOTHING: Final[Mapping[Key, Entry]] = {}
_Header = tuple[bytes, bytes]
_HIT: Final[tuple[_Header, ...]] = ((b"cache-status", b"foreseen; hit; detail=L1"), _JSON)


class HotPath:
    """Answers plain GET and POST /predict, L1 hits at once and others by the use case, and L1 hits of inferences."""

    def __init__(
        self,
        app: ASGIApp,
        predict: Predict,
        *,
        max_body: int,
        max_rows: int,
        longest_s: float = math.inf,
        has_cache: bool = True,
        name: str = "model",
    ) -> None:
        """Accept the wrapped application, the use case, and the limits of the settings.

        Args:
            max_body: most bytes of a body.
            max_rows: most instances of a request.
            longest_s: most seconds that a request may wait.
            name: of the model, in paths.
        """
        signature = predict.predictor.info.signature
        self._app = app
        self._signature = signature
        self._predict = predict
        self._reader = reader_of(signature, predict.recipe, max_rows)
        self._longest_body = min(max_body, LONGEST_BODY)
        self._takes_get = not signature.has_tensors
        self._longest_s = longest_s
        self._has_cache = has_cache
        # Bound once, since every hit uses them.
        self._peek = predict.peek
        self._tally = predict.tally
        self._count_hit = predict.tally.count_l1_hit
        self._infer_path = V2_INFER.format(name=name)
        self._infer = PlainInferReader(predict.predictor.info, predict.recipe, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and scope["path"] == PREDICT:
            started_ns = perf_counter_ns()
            plain = None
            by_name = scope.get(FIELDS) or dict(scope["headers"])
            if scope["method"] == "POST" and _has_plain_json(scope["headers"], by_name, self._longest_body):
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body"):
                    plain = self._reader.of_body(message.get("body", b""))
                if plain is None:
                    context_of(scope).started_ns = started_ns  # includes the wait for the body
                    receive = _again(message, receive)
            elif scope["method"] == "GET" and self._takes_get and not _is_odd(scope["headers"], by_name):
                plain = self._reader.of_query(scope["query_string"])
            if plain is not None:
                known: Mapping[Key, Entry] = _NOTHING
                if plain.is_many:
                    body, known = self._known(plain.keys, started_ns)
                elif (entry := self._peek(plain.keys[0])) is None:
                    body = None
                else:
                    body = entry.body
                    self._count_hit(1, entry.cost_us, perf_counter_ns() - started_ns)
                if body is None:
                    context = context_of(scope)
                    context.started_ns = started_ns
                    await self._find(plain, known, context, scope, receive, context.around(send))
                    return
                # No context for a hit: no log lines need it, and creating it would cost more than the lookup.
                given = by_name.get(REQUEST_ID)
                request_id = (REQUEST_ID, made() if given is None else accepted(given))
                length = (b"content-length", b"%d" % len(body))
                sent = (*_HIT, length, request_id)
                if scope["method"] == "GET":
                    sent = (*_HIT, length, (b"etag", etag(plain.keys[0], self._predict.purged_us)), request_id)
                await send({"type": "http.response.start", "status": 200, "headers": sent})
                await send({"type": "http.response.body", "body": body})
                access_log: AccessLog | None = scope.get("state", _NO_STATE).get("access_log")
                if access_log is not None:
                    took_ns = perf_counter_ns() - started_ns
                    access_log.add(_line(scope, took_ns, len(body), request_id[1], by_name.get(b"traceparent")))
                return
        elif scope["type"] == "http" and scope["path"] == self._infer_path and scope["method"] == "POST":
            await self._answer_inference(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _answer_inference(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a plain inference of one instance that L1 holds, or pass the request on."""
        started_ns = perf_counter_ns()
        by_name = scope.get(FIELDS) or dict(scope["headers"])
        if _has_plain_inference(scope["headers"], by_name, self._longest_body):
            message = await receive()
            body: bytes = message.get("body", b"")
            is_whole = message["type"] == "http.request" and not message.get("more_body")
            length = by_name.get(_HEAD_LENGTH)
            plain = self._infer.read(body, None if length is None else length.decode("latin-1")) if is_whole else None
            entry = None if plain is None else self._peek(plain.key)
            if plain is not None and entry is not None:
                written = plain.write(Answer([(entry, Origin.L1)]))
                self._count_hit(1, entry.cost_us, perf_counter_ns() - started_ns)
                given = by_name.get(REQUEST_ID)
                request_id = (REQUEST_ID, made() if given is None else accepted(given))
                own = [(name.encode(), value.encode()) for name, value in written.headers.items()]
                content_type = (b"content-type", written.content_type.encode())
                size = (b"content-length", b"%d" % len(written.body))
                sent = (_HIT[0], content_type, size, *own, request_id)
                await send({"type": "http.response.start", "status": 200, "headers": sent})
                await send({"type": "http.response.body", "body": written.body})
                access_log: AccessLog | None = scope.get("state", _NO_STATE).get("access_log")
                if access_log is not None:
                    took_ns = perf_counter_ns() - started_ns
                    access_log.add(_line(scope, took_ns, len(written.body), request_id[1], by_name.get(b"traceparent")))
                return
            context_of(scope).started_ns = started_ns  # includes the wait for the body
            receive = _again(message, receive)
        await self._app(scope, receive, send)

    def _known(self, keys: Sequence[Key], started_ns: int) -> tuple[bytes | None, Mapping[Key, Entry]]:
        """Return the answer to several instances if L1 holds all of them; otherwise None, and the entries it holds."""
        found = [(key, entry) for key in keys if (entry := self._peek(key)) is not None]
        if len(found) < len(keys):
            return None, dict(found)
        self._count_hit(len(found), sum([entry.cost_us for _, entry in found]), perf_counter_ns() - started_ns)
        return content_of_many([entry.body for _, entry in found]), _NOTHING

    async def _find(
        self,
        plain: PlainRequest,
        known: Mapping[Key, Entry],
        context: RequestContext,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a request of whose instances L1 holds some or none."""
        predict = self._predict
        try:
            longest_s = timeout_s(scope["headers"], self._longest_s)
            with client_of(scope):
                instances = Rows(self._signature, plain.rows)
                answer = await predict.answer(plain.keys, instances, known, timeout_s=longest_s)
        except Exception as exc:
            await problem(Request(scope), exc, self._tally)(scope, receive, send)
            if isinstance(exc, ForeseenError | ClientDisconnect):
                return
            raise  # for the server's log, as the ordinary route does
        context.tier = tier_of(answer)
        body = content(answer, is_many=plain.is_many)
        said = headers(answer, has_cache=self._has_cache, stores=predict.keeps)
        sent = [(name.encode(), value.encode()) for name, value in said.items()]
        sent += (_JSON, (b"content-length", b"%d" % len(body)))
        is_tagged = scope["method"] == "GET" and self._has_cache
        if is_tagged and (tag := etag_of(answer, plain.keys[0], predict.purged_us)) is not None:
            sent.append((b"etag", tag))
        await send({"type": "http.response.start", "status": 200, "headers": sent})
        await send({"type": "http.response.body", "body": body})


def _line(scope: Scope, took_ns: int, size: int, request_id: bytes, traceparent: bytes | None) -> AccessLine:
    path: bytes = scope["raw_path"]
    return AccessLine(
        time(), scope["method"], path, 200, took_ns, size, scope["client"], request_id, traceparent, "L1"
    )  # fmt: skip


def _has_plain_json(given: Collection[_Header], by_name: Mapping[bytes, bytes], longest: int) -> bool:
    """Return whether a request declares a JSON body of at most `longest` bytes, and has no unusual header."""
    return by_name.get(b"content-type") == b"application/json" and _has_plain_body(given, by_name, longest)


def _has_plain_inference(given: Collection[_Header], by_name: Mapping[bytes, bytes], longest: int) -> bool:
    """Return whether a request declares tensors of at most `longest` bytes, and has no unusual header."""
    return by_name.get(b"content-type", b"") in _TENSORS and _has_plain_body(given, by_name, longest)


def _has_plain_body(given: Collection[_Header], by_name: Mapping[bytes, bytes], longest: int) -> bool:
    length = by_name.get(b"content-length", b"")
    return (
        length.isdigit()
        and len(length) <= LONGEST_LENGTH
        and int(length) <= longest
        and len(by_name) == len(given)  # otherwise a field was sent twice, and `by_name` has only one value
        and not _is_odd(given, by_name)
    )


def is_plain(method: str, given: Sequence[_Header], longest: int) -> bool:
    """Return whether a request with these fields, named in lower case, is answered by its instances alone.

    Args:
        longest: most bytes of a body.
    """
    by_name = dict(given)
    if method == "POST":
        return _has_plain_json(given, by_name, longest)
    return method == "GET" and not _is_odd(given, by_name)


def _is_odd(given: Collection[_Header], by_name: Mapping[bytes, bytes]) -> bool:
    """Return whether a request has a header that only the ordinary route handles, or an invalid Request-Timeout."""
    if _ODD_HEADERS.isdisjoint(by_name):
        return False
    return (
        len(by_name) < len(given) or _ODD_HEADERS.intersection(by_name) != {TIMEOUT} or not is_timeout(by_name[TIMEOUT])
    )


def _again(message: Message, receive: Receive) -> Receive:
    """Return a `receive` that returns a message again, and then those that follow."""
    taken = [message]

    async def replay() -> Message:
        return taken.pop() if taken else await receive()

    return replay
