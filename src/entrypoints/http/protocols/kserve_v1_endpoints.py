"""The first protocol of KServe, which is that of TensorFlow Serving and Vertex AI: POST /v1/models/NAME:predict."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.counting.counted_routes import V1_PREDICT
from foreseen.entrypoints.http.openapi.bare_docs import v1_predict_docs
from foreseen.entrypoints.http.protocols.bare_endpoints import PREDICTIONS, json_form, list_writer
from foreseen.entrypoints.http.protocols.endpoint import Endpoint, ReadRequest
from foreseen.entrypoints.http.protocols.forms.json_forms import INPUTS, INSTANCES, JsonForms
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.settings import Settings

_MEMBERS: Final = {INSTANCES: PREDICTIONS, INPUTS: "outputs"}
"""The member of an answer by that of its request."""


def kserve_v1_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """Return POST /v1/models/NAME:predict."""
    signature, name = info.signature, settings.model_name
    forms = JsonForms(signature, tuple(_MEMBERS), empty=("parameters",), unused=("signature_name",))
    writers = {form: list_writer(info, member) for form, member in _MEMBERS.items()}

    async def read(request: Request, body: bytes) -> ReadRequest:
        require_model(request.path_params["name"], name)
        form, batch = await forms.read(body)
        return ReadRequest(batch, writers[form])

    return [
        Endpoint(
            name="post_v1_predict",
            method="POST",
            path=V1_PREDICT,
            summary="Predict instances, in the protocol of KServe v1 and TensorFlow Serving",
            docs=v1_predict_docs(signature, name),
            body=json_form(signature, settings.max_rows),
            read=read,
        )
    ]


def require_model(name: str, served: str) -> None:
    """Raise Rejection (404) unless a name is that of the served model."""
    if name != served:
        raise Rejection(404, "http", "Not Found", f"Model with name {name} does not exist.")
