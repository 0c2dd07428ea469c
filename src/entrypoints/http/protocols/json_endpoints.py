"""The service's own protocol: JSON objects and rows, and query strings, at /predict."""

from collections.abc import Sequence
from email.message import Message
from functools import partial
from typing import Final

from starlette.requests import Request

from foreseen.domain.answer import Answer
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.counting.counted_routes import PREDICT
from foreseen.entrypoints.http.openapi.openapi_document import get_predict_docs, post_predict_docs
from foreseen.entrypoints.http.protocols.endpoint import BodyForm, Endpoint, ReadRequest, WrittenAnswer
from foreseen.entrypoints.http.requests.request_instances import InstanceReader, RequestInstances
from foreseen.entrypoints.http.requests.row_counter import RowCounter
from foreseen.entrypoints.http.responses.answer_response import content
from foreseen.settings import Settings

MEDIA_TYPE: Final = "application/json"
SPARE_VALUES: Final = 1000
"""Values of a request beyond those that can be valid, so that errors in a small request are reported in detail."""
EXTRA_VALUES: Final = 100
"""Values in unknown fields allowed per instance, if these are accepted; more fit into requests of fewer instances."""


def json_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """Return POST /predict, and GET /predict for a model whose instances can be written in a query string."""
    signature = info.signature
    reader = InstanceReader(signature)

    async def read_body(_: Request, body: bytes) -> ReadRequest:
        return _read(await reader.from_body_in_turns(body))

    async def read_query(request: Request, _: bytes) -> ReadRequest:
        return _read(reader.from_query(request.scope["query_string"]))

    post = Endpoint(
        name="post_predict",
        method="POST",
        path=PREDICT,
        summary="Predict one instance or many",
        docs=post_predict_docs(signature),
        body=BodyForm(MEDIA_TYPE, is_json, partial(RowCounter, *_limits(signature, settings.max_rows))),
        read=read_body,
    )
    if signature.has_tensors:  # which a query string cannot express
        return [post]
    get = Endpoint(
        name="get_predict",
        method="GET",
        path=PREDICT,
        summary="Predict one instance",
        docs=get_predict_docs(signature),
        read=read_query,
    )
    return [post, get]


def is_json(content_type: str) -> bool:
    """Return whether a Content-Type declares JSON in UTF-8."""
    parsed = Message()
    parsed["Content-Type"] = content_type
    media_type = parsed.get_content_type()
    is_named = media_type == MEDIA_TYPE or media_type.endswith("+json")
    return is_named and parsed.get_content_charset("utf-8") in ("utf-8", "utf8")


def _read(instances: RequestInstances) -> ReadRequest:
    return ReadRequest(instances.batch, partial(_written, is_many=instances.is_many))


def _written(answer: Answer, *, is_many: bool) -> WrittenAnswer:
    return WrittenAnswer(content(answer, is_many=is_many), MEDIA_TYPE)


def _limits(signature: Signature, max_rows: int) -> tuple[int, int]:
    """Return how many elements a list in a body may have, and how many values the body may have."""
    # A tensor may be longer than the list of instances may be; until the body is parsed, the two look alike.
    longest = sum(feature.shape[0] for feature in signature.features if feature.shape)
    max_elements = max(max_rows, longest)
    extra_values = EXTRA_VALUES if signature.extra_fields == "ignore" else len(signature.ignored)
    return max_elements, max_elements * (signature.size + extra_values) + SPARE_VALUES
