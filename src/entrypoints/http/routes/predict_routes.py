"""The routes that predict: one use case behind the endpoints of every protocol."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from foreseen.domain.identity.key import Key
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.protocols.endpoint import BodyForm, Endpoint, ReadRequest
from foreseen.entrypoints.http.protocols.operation import Operation
from foreseen.entrypoints.http.protocols.served_protocols import served_operations
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.requests.cache_headers import directives, etag, etag_of, is_known_to_client
from foreseen.entrypoints.http.requests.request_body import read_body, too_many
from foreseen.entrypoints.http.requests.request_wait import client_of, timeout_s
from foreseen.entrypoints.http.responses.answer_response import NOT_MODIFIED, headers, tier_of
from foreseen.settings import Settings


def predict_router(predict: Predict, settings: Settings, bodies: BodyBudget) -> APIRouter:
    """Return the routes that predict, for all protocols.

    Args:
        bodies: the memory budget of unfinished bodies.
    """
    route = PredictRoute(predict, settings, bodies)
    router = APIRouter(tags=["predict"])
    for operation in served_operations(predict.predictor.info, settings):
        first = operation.first
        router.add_api_route(
            first.path,
            route.of(operation),
            methods=[first.method],
            name=first.name,
            summary=first.summary,
            openapi_extra=operation.docs,
        )
    return router


class PredictRoute:
    """What all protocols share: limits, deadlines, directives, disconnected clients, tags and headers."""

    def __init__(self, predict: Predict, settings: Settings, bodies: BodyBudget) -> None:
        """Accept the use case, the limits of the settings and the memory budget of unfinished bodies."""
        self._predict = predict
        self._settings = settings
        self._bodies = bodies
        self._has_cache = settings.tiers.has_any

    def of(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """Return the function behind the route of an operation."""

        async def answer_request(request: Request) -> Response:
            endpoint = operation.endpoint_of(request.headers.get("content-type", ""))
            if endpoint.body is not None:
                return await self._answered(request, await self._read(request, endpoint, endpoint.body))
            # No tags without a cache: the model may not be deterministic.
            answered = self._answered_by_tag if self._has_cache else self._answered
            return await answered(request, await endpoint.read(request, b""))

        return answer_request

    async def _read(self, request: Request, endpoint: Endpoint, form: BodyForm) -> ReadRequest:
        async with self._bodies.share() as share:
            body = await read_body(request, share, form.scanner(request.headers), max_bytes=self._settings.max_body)
            read = await endpoint.read(request, body)
        if len(read.batch) > self._settings.max_rows:
            raise too_many(self._settings.max_rows)
        return read

    async def _answered_by_tag(self, request: Request, read: ReadRequest) -> Response:
        """Answer one instance whose answer has a tag."""
        predict = self._predict
        key = predict.recipe.keys(read.batch)[0]
        tag = etag(key, predict.purged_us)
        if is_known_to_client(tag, request.headers):
            # Only a purge changes the answer to a key, so neither a tier nor the model is needed.
            return Response(status_code=304, headers={"Cache-Status": NOT_MODIFIED, "ETag": tag.decode()})
        return await self._answered(request, read, key)

    async def _answered(self, request: Request, read: ReadRequest, tagged: Key | None = None) -> Response:
        predict = self._predict
        wish = directives(request.headers)
        longest_s = timeout_s(request.headers.raw, self._settings.timeout)
        with client_of(request.scope):
            answer = await predict(read.batch, wish, timeout_s=longest_s)
        context_of(request.scope).tier = tier_of(answer)
        written = read.write(answer)
        stores = predict.keeps and not wish.no_store
        said = headers(answer, has_cache=self._has_cache, stores=stores, is_recomputed=wish.recomputes)
        # In the order of the hot path: equal requests get equal bytes, however they are read.
        length = str(len(written.body))
        fields = {**said, "content-type": written.content_type, "content-length": length, **written.headers}
        if tagged is not None and (tag := etag_of(answer, tagged, predict.purged_us)):
            fields["ETag"] = tag.decode()
        return Response(written.body, headers=fields)
