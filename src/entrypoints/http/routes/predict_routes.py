"""The routes of /predict: one use case behind GET, POST of one instance and POST of many."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from foreseen.domain.identity.key import Key
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.openapi.openapi_document import get_predict_docs, post_predict_docs
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.requests.body_budget import BodyBudget
from foreseen.entrypoints.http.requests.cache_headers import directives, etag, etag_of, is_known_to_client
from foreseen.entrypoints.http.requests.client_disconnect import client_of
from foreseen.entrypoints.http.requests.request_body import read_body, too_many
from foreseen.entrypoints.http.requests.request_instances import InstanceReader, RequestInstances
from foreseen.entrypoints.http.requests.request_timeout import timeout_s
from foreseen.entrypoints.http.responses.answer_response import content, headers, tier_of
from foreseen.entrypoints.http.responses.cache_status import NOT_MODIFIED
from foreseen.settings import Settings

SPARE_VALUES: Final = 1000
"""Values of a request beyond those that can be valid, so that the flaws of a small one are reported."""
EXTRA_VALUES: Final = 100
"""Other values per instance if any field is accepted; more are possible in requests of fewer instances."""


def predict_router(predict: Predict, settings: Settings, bodies: BodyBudget) -> APIRouter:
    """Build the routes around a use case that is already wired.

    Args:
        bodies: the memory budget of unfinished bodies.
    """
    signature = predict.predictor.info.signature
    reader = InstanceReader(signature)
    has_cache = settings.tiers.has_any
    # One instance's tensors may be longer than a request may have instances; until the body is parsed, they look alike.
    longest = sum(feature.shape[0] for feature in signature.features if feature.shape)
    max_rows = max(settings.max_rows, longest)
    extra_values = EXTRA_VALUES if signature.extra_fields == "ignore" else len(signature.ignored)
    max_values = max_rows * (signature.size + extra_values) + SPARE_VALUES
    router = APIRouter(tags=["predict"])

    async def answered(request: Request, instances: RequestInstances, tagged: Key | None = None) -> Response:
        wish = directives(request.headers)
        longest_s = timeout_s(request.headers.raw, settings.timeout)
        with client_of(request.scope):
            answer = await predict(instances.batch, wish, timeout_s=longest_s)
        context_of(request.scope).tier = tier_of(answer)
        fields = dict(headers(answer, wish, has_cache=has_cache, keeps=predict.keeps))
        if tagged is not None and (tag := etag_of(answer, tagged, predict.purged_us)):
            fields["ETag"] = tag.decode()
        return Response(content(answer, is_many=instances.is_many), headers=fields, media_type="application/json")

    @router.post("/predict", summary="Predict one instance or many", openapi_extra=post_predict_docs(signature))
    async def post_predict(request: Request) -> Response:
        async with bodies.share() as share:
            body = await read_body(
                request, share, max_bytes=settings.max_body, max_rows=max_rows, max_values=max_values
            )
            instances = await reader.from_body_in_turns(body)
        if len(instances.batch) > settings.max_rows:
            raise too_many(settings.max_rows)
        return await answered(request, instances)

    if not signature.has_tensors:  # a tensor has no place in a query string

        @router.get("/predict", summary="Predict one instance", openapi_extra=get_predict_docs(signature))
        async def get_predict(request: Request) -> Response:
            instances = reader.from_query(request.scope["query_string"])
            if not has_cache:  # perhaps since the model is not deterministic: then no tag would hold
                return await answered(request, instances)
            key = predict.recipe.keys(instances.batch)[0]
            tag = etag(key, predict.purged_us)
            if is_known_to_client(tag, request.headers):
                # The answer to a key changes by a purge alone: neither a tier nor the model is looked up.
                return Response(status_code=304, headers={"Cache-Status": NOT_MODIFIED, "ETag": tag.decode()})
            return await answered(request, instances, key)

    return router
