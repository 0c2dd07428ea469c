"""The scoring protocol of MLflow, which SageMaker and Azure ML speak as well: POST /invocations."""

from collections.abc import Sequence

from starlette.requests import Request

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.counting.counted_routes import INVOCATIONS
from foreseen.entrypoints.http.openapi.bare_docs import csv_invocations_docs, json_invocations_docs
from foreseen.entrypoints.http.protocols.bare_endpoints import PREDICTIONS, csv_form, json_form, list_writer
from foreseen.entrypoints.http.protocols.endpoint import Endpoint, ReadRequest
from foreseen.entrypoints.http.protocols.forms.csv_form import CsvForm
from foreseen.entrypoints.http.protocols.forms.json_forms import INPUTS, INSTANCES, RECORDS, SPLIT, JsonForms
from foreseen.settings import Settings


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
        ),
        Endpoint(
            name="post_csv_invocations",
            method="POST",
            path=INVOCATIONS,
            summary="Predict the rows of a CSV table, in MLflow's protocol",
            docs=csv_invocations_docs(signature),
            body=csv_form(signature, settings.max_rows),
            read=read_csv,
        ),
    ]
