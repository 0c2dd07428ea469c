"""What the protocols with bare values have in common: bodies, and answers that are one list."""

from typing import Final

from foreseen.domain.answer import Answer
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.protocols.content_types import CSV, JSON, is_csv, is_json
from foreseen.entrypoints.http.protocols.endpoint import AnswerWriter, BodyForm, WrittenAnswer
from foreseen.entrypoints.http.protocols.forms.csv_counter import CsvCounter
from foreseen.entrypoints.http.protocols.value_limits import csv_limits, table_limits
from foreseen.entrypoints.http.requests.row_counter import RowCounter
from foreseen.entrypoints.http.responses.bare_values import BareValues

PREDICTIONS: Final = "predictions"
"""The member of an answer that has the list, but for TensorFlow Serving's columns."""


def json_form(signature: Signature, max_rows: int) -> BodyForm:
    """Return the format of JSON bodies with instances in any form."""
    limits = table_limits(signature, max_rows)
    return BodyForm(JSON, is_json, lambda _: RowCounter(*limits, has_tables=True))


def csv_form(signature: Signature, max_rows: int) -> BodyForm:
    """Return the format of CSV bodies."""
    limits = csv_limits(signature, max_rows)
    return BodyForm(CSV, is_csv, lambda _: CsvCounter(*limits))


def list_writer(info: ModelInfo, member: str) -> AnswerWriter:
    """Return what writes an answer as a list of bare values, in this member of an object."""
    values = BareValues(info.signature, info.outputs)

    def write(answer: Answer) -> WrittenAnswer:
        return WrittenAnswer(b'{"%b":[%b]}' % (member.encode(), b",".join(values.of(answer.bodies))), JSON)

    return write
