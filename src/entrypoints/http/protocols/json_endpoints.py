"""The service's own protocol: JSON objects and rows, and query strings, at /predict."""

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request

from foreseen.domain.answer import Answer
from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.counting.counted_routes import PREDICT
from foreseen.entrypoints.http.openapi.openapi_document import get_predict_docs, post_predict_docs
from foreseen.entrypoints.http.protocols.content_types import JSON, is_json
from foreseen.entrypoints.http.protocols.endpoint import BodyForm, Endpoint, ReadRequest, WrittenAnswer
from foreseen.entrypoints.http.protocols.value_limits import list_limits
from foreseen.entrypoints.http.requests.request_instances import InstanceReader, RequestInstances
from foreseen.entrypoints.http.requests.row_counter import RowCounter
from foreseen.entrypoints.http.responses.answer_response import content
from foreseen.settings import Settings


def json_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """Return POST /predict, and GET /predict for a model whose instances can be written in a query string."""
    signature = info.signature
    limits = list_limits(signature, settings.max_rows)
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
        body=BodyForm(JSON, is_json, lambda _: RowCounter(*limits)),
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


def _read(instances: RequestInstances) -> ReadRequest:
    return ReadRequest(instances.batch, partial(_written, is_many=instances.is_many))


def _written(answer: Answer, *, is_many: bool) -> WrittenAnswer:
    return WrittenAnswer(content(answer, is_many=is_many), JSON)
