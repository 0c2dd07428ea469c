"""The scoring protocol of MLflow, which SageMaker and Azure ML speak as well: POST /invocations."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.requests import Request

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.counting.counted_routes import INVOCATIONS
from foreseen.entrypoints.http.openapi.bare_docs import csv_invocations_docs, json_invocations_docs
from foreseen.entrypoints.http.protocols.bare_endpoints import PREDICTIONS, csv_form, json_form, list_writer
from foreseen.entrypoints.http.protocols.content_types import JSON
from foreseen.entrypoints.http.protocols.endpoint import Endpoint, ReadRequest
from foreseen.entrypoints.http.protocols.forms.csv_form import CsvForm
from foreseen.entrypoints.http.protocols.forms.json_forms import INPUTS, INSTANCES, RECORDS, SPLIT, JsonForms
from foreseen.settings import Settings

_ERROR_CODES: Final[Mapping[object, str]] = {
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""MLflow's error codes by status; of any other status, BAD_REQUEST."""


def mlflow_endpoints(info: ModelInfo, settings: Settings) -> Sequence[Endpoint]:
    """Return POST /invocations, for JSON and for CSV."""
    signature = info.signature
    forms = JsonForms(signature, (SPLIT, RECORDS, INSTANCES, INPUTS), empty=("params",))
    table = CsvForm(signature)
    write = list_writer(info, PREDICTIONS)

    async def read_json(_: Request, body: bytes) -> ReadRequest:
        _form, batch = await forms.read(body)
        return ReadRequest(batch, write)

    async def read_csv(_: Request, body: bytes) -> ReadRequest:
        return ReadRequest(await table.read(body), write)

    return [
        Endpoint(
            name="post_invocations",
            method="POST",
            path=INVOCATIONS,
            summary="Predict instances, in MLflow's protocol",
            docs=json_invocations_docs(signature),
            body=json_form(signature, settings.max_rows),
            read=read_json,
            write_problem=write_mlflow_problem,
        ),
        Endpoint(
            name="post_csv_invocations",
            method="POST",
            path=INVOCATIONS,
            summary="Predict the rows of a CSV table, in MLflow's protocol",
            docs=csv_invocations_docs(signature),
            body=csv_form(signature, settings.max_rows),
            read=read_csv,
            write_problem=write_mlflow_problem,
        ),
    ]


def write_mlflow_problem(members: Mapping[str, object]) -> tuple[bytes, str]:
    """Return a problem as MLflow's clients read errors: `error_code` and `message`, beside its own members."""
    error_code = _ERROR_CODES.get(members["status"], "BAD_REQUEST")
    return msgspec.json.encode({"error_code": error_code, "message": members["detail"], **members}), JSON
