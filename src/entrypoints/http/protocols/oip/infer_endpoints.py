"""The endpoints of the Open Inference Protocol that predict: POST /v2/models/NAME/infer, with a version or without."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.signature import Feature
from foreseen.entrypoints.http.counting.counted_routes import V2_INFER, V2_VERSION
from foreseen.entrypoints.http.openapi.oip_docs import infer_docs, oip_version
from foreseen.entrypoints.http.protocols.content_types import JSON, is_json
from foreseen.entrypoints.http.protocols.endpoint import BodyForm, Endpoint, ReadRequest
from foreseen.entrypoints.http.protocols.oip.datatypes import datatype_of
from foreseen.entrypoints.http.protocols.oip.infer_answer import OCTETS, InferAnswers
from foreseen.entrypoints.http.protocols.oip.infer_request import (
    HEADER_LENGTH,
    InferRequest,
    header_length,
    read_infer_request,
)
from foreseen.entrypoints.http.protocols.oip.infer_scanner import infer_scanner
from foreseen.entrypoints.http.protocols.oip.input_tensors import InputTensors
from foreseen.entrypoints.http.protocols.oip.model_versions import ONLY_VERSION, ServedVersion
from foreseen.entrypoints.http.protocols.oip.raw_request import RawRequests
from foreseen.entrypoints.http.protocols.value_limits import tensor_limits
from foreseen.settings import Settings


def infer_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """Return POST /v2/models/NAME/infer and POST /v2/models/NAME/versions/VERSION/infer."""
    signature = info.signature
    served = ServedVersion(info, settings.model_name)
    tensors, answers = InputTensors(signature), InferAnswers(info, settings.model_name)
    raw = RawRequests(signature, settings.max_rows)
    max_elements, max_values = tensor_limits(signature, settings.max_rows)

    def of_body(body: bytes, length: str | None) -> InferRequest:
        size = len(body) if length is None else header_length(length, len(body))
        if length is not None and not size:
            return raw.read(body)
        return read_infer_request(
            body[:size],
            None if length is None else body[size:],
            max_rows=settings.max_rows,
            max_values=settings.max_rows * signature.size,
        )

    async def read(request: Request, body: bytes) -> ReadRequest:
        version = served.require(request.path_params["name"], request.path_params.get("version"))
        infer = of_body(body, request.headers.get(HEADER_LENGTH))
        write = answers.writer(infer, version)
        return ReadRequest(await tensors.read(infer.tensors), write)

    example = {"inputs": [_example(feature) for feature in signature.features]}
    versions = oip_version(ONLY_VERSION, served.fingerprint)
    form = BodyForm(f"{JSON} or {OCTETS}", _is_accepted, infer_scanner(max_elements, max_values, settings.max_body))
    return [
        Endpoint(
            name=name,
            method="POST",
            path=path,
            summary=f"Predict tensors, in the Open Inference Protocol{of_version}",
            docs=infer_docs(settings.model_name, example, versions if of_version else None),
            body=form,
            read=read,
        )
        for name, path, of_version in (
            ("post_v2_infer", V2_INFER, ""),
            ("post_v2_version_infer", V2_INFER.replace("/infer", f"{V2_VERSION}/infer"), ", by version"),
        )
    ]


def _example(feature: Feature) -> Mapping[str, object]:
    """Return a tensor of one instance."""
    shape = [1, *feature.shape]
    value = feature.default_example()
    return {"name": feature.name, "shape": shape, "datatype": datatype_of(feature), "data": [value]}


def _is_accepted(content_type: str) -> bool:
    """Return whether a Content-Type is accepted: that of JSON, that of bytes, and none, as Triton's client sends."""
    return not content_type or content_type.partition(";")[0].strip().lower() == OCTETS or is_json(content_type)
